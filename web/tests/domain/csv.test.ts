import { expect, it } from "vitest";
import { float } from "../../src/domain/csv";

it.each([
  [0, "0.0"],
  [12, "12.0"],
  [0.5, "0.5"],
  [0.1 + 0.2, "0.30000000000000004"],
  [1e-4, "0.0001"],
  [0.000123, "0.000123"],
  [1e-5, "1e-05"],
  [1.5e-7, "1.5e-07"],
  [1e16, "1e+16"],
  [123456.75, "123456.75"],
  [-3, "-3.0"],
])("writes %d as Python does", (number, text) => {
  expect(float(number)).toBe(text);
});
