import { afterEach, describe, expect, it } from "vitest";
import { endCommands, start } from "../../packages/serving-kit/test/run-command.js";
import { runExample } from "../run-example.js";

afterEach(endCommands);

// What Python's xgboost predicts for the same people.
const [PILOT, CLERK, NURSE] = [0.94632924, 0.05623839, 0.10071342];

const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));

describe("the XGBoost example", () => {
  it("answers REST requests by the names of the columns", async () => {
    const { stdout, stderr, code } = await runExample("xgboost-tabular/main.ts");
    expect([stderr, code]).toEqual(["", 0]);
    const numbers = stdout.match(/0\.\d+/g)?.map(Number);
    expect(numbers).toEqual(near([PILOT, CLERK, NURSE]));
  });

  it("calls the model in the process, and explains its answer", async () => {
    const { stdout, stderr, code } = await runExample("xgboost-tabular/in-process.ts");
    expect([stderr, code]).toEqual(["", 0]);
    expect(stdout).toMatch(/^rich: 0\.9463/);
    expect(stdout).toMatch(/age, hours, job, bias: Float32Array\(4\) \[/);
  });

  it("is served by the command, on several event loops too", { timeout: 120_000 }, async () => {
    for (const threads of [1, 2]) {
      const { said } = start(
        ...["--port=0", "--rest_api_port=any", "--model_name=income", `--http_threads=${threads}`],
        `--model_base_path=${import.meta.dirname}/income`,
      );
      const url = await said(/http:\/\/localhost:\d+\/v1\/models\/income/);
      const post = async (body: object) => {
        const response = await fetch(`${url}:predict`, {
          method: "POST",
          body: JSON.stringify(body),
        });
        return response.json();
      };
      const instances = [
        { age: 61, hours: 45, job: "pilot" },
        { age: 23, hours: null, job: "clerk" },
        { age: 40, job: "nurse" },
      ];
      expect(await post({ signature_name: "columns", instances })).toEqual({
        predictions: near([PILOT, CLERK, NURSE]),
      });
      expect(await post({ instances: [[61, 45, 2]] })).toEqual({ predictions: near([PILOT]) });
      const unknown = {
        signature_name: "columns",
        instances: [{ job: "clerk" }, { job: "judge" }],
      };
      expect(await post(unknown)).toEqual({
        error: expect.stringMatching(/input "job" of row 1 must be a category .*got "judge"/),
      });
      const wrong = { signature_name: "columns", instances: [{ age: 1 }, { age: "old" }] };
      expect(await post(wrong)).toEqual({ error: expect.stringContaining("element: 1 key: age") });
      endCommands();
    }
  });
});
