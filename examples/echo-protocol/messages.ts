import { codecOf, schemaOf } from "@serving-kit/server/grpc";

export const PROTOS = [
  `syntax = "proto3";
   package echo;
   message Text { string text = 1; }
   message Values { string model = 1; repeated float values = 2; }
   service Echo {
     rpc Repeat(Text) returns (stream Text);
     rpc Ask(Values) returns (Values);
   }`,
];

export const Text = codecOf<{ text: string }>(schemaOf(PROTOS), "echo.Text");
export const Values = codecOf<{ model: string; values: number[] }>(schemaOf(PROTOS), "echo.Values");
