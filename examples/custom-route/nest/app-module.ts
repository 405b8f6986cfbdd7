import "reflect-metadata";
import { Body, Controller, HttpCode, Module, Post } from "@nestjs/common";
import { argMax, models } from "../models.js";

// #region route
@Controller()
export class DigitsController {
  @Post("classify")
  @HttpCode(200)
  async classify(@Body() { pixels }: { pixels: number[] }) {
    const { probabilities } = await models.predict("digits", { image: pixels });
    return { digit: argMax(probabilities.data) };
  }
}
// #endregion

@Module({ controllers: [DigitsController] })
export class AppModule {}
