/** Windows over values, with the numbers of tests/unit/imaging/test_windowing.py. */

import { describe, expect, it } from "vitest";
import { type Meaning, shade, type Window } from "../../src/domain/window";
import { byteTable, levelTable } from "../../src/result/levels";
import { endsOf, reduced } from "../../src/result/plane";

const linear = (center: number, width: number): Window => ({ center, width, function: "LINEAR" });
const exact = (center: number, width: number): Window => ({
  center,
  width,
  function: "LINEAR_EXACT",
});

describe("shade", () => {
  it("LINEAR is the example of the standard: c=2048, w=4096", () => {
    const window = linear(2048, 4096);
    expect([0, 2047.5, 4095].map((value) => shade(window, value))).toEqual([0, 0.5, 1]);
  });
  it("LINEAR with a width of one is a step below the center", () => {
    expect([99, 99.5, 100].map((value) => shade(linear(100, 1), value))).toEqual([0, 0, 1]);
  });
  it("LINEAR_EXACT spans the center minus and plus half the width", () => {
    expect([7, 8, 10, 11, 12, 13].map((value) => shade(exact(10, 4), value))).toEqual([
      0, 0, 0.5, 0.75, 1, 1,
    ]);
  });
  it("SIGMOID is a half at the center and never overflows", () => {
    const window: Window = { center: 0, width: 1, function: "SIGMOID" };
    expect([-1e9, 0, 1e9].map((value) => shade(window, value))).toEqual([0, 0.5, 1]);
  });
});

/** Stored 0 to 4095 as -1024 HU and up. */
const CT: Meaning = {
  slope: 1,
  intercept: -1024,
  unit: "HU",
  exact: true,
  invert: false,
  padding: null,
  windows: [],
};
const grey = (table: Uint32Array, level: number) => (table[level] as number) & 0xff;

describe("levelTable", () => {
  it("works on the values and not on the levels", () => {
    const table = levelTable(CT, exact(0, 200), false);
    expect([924, 974, 1024, 1124].map((level) => grey(table, level))).toEqual([0, 64, 128, 255]);
  });
  it("shows low values white where the file says so, and black again when inverted", () => {
    const film = { ...CT, invert: true };
    expect(grey(levelTable(film, exact(0, 200), false), 0)).toBe(255);
    expect(grey(levelTable(film, exact(0, 200), true), 0)).toBe(0);
  });
  it("padding is black whatever the window", () => {
    const table = levelTable({ ...CT, invert: true, padding: [0, 10] }, exact(0, 200), false);
    expect([0, 10, 11].map((level) => grey(table, level))).toEqual([0, 0, 255]);
  });
});

describe("byteTable", () => {
  it("leaves a picture as it comes, or turns it round", () => {
    expect([...byteTable(null, false)].slice(0, 3)).toEqual([0, 1, 2]);
    expect([...byteTable(null, true)].slice(0, 3)).toEqual([255, 254, 253]);
  });
  it("the window of which the picture was made changes nothing", () => {
    // Byte 0 stands for -160 and byte 255 for 240: center 40, width 400.
    const table = byteTable(exact(40, 400), false, 400 / 255, 40 - (400 / 255) * 127.5);
    expect([...table]).toEqual([...byteTable(null, false)]);
  });
});

it("the range of a picture leaves padding out", () => {
  expect(endsOf(Uint16Array.of(0, 0, 900, 1200), [0, 0])).toEqual([900, 1200]);
  expect(endsOf(Uint16Array.of(0, 5), null)).toEqual([0, 5]);
  expect(endsOf(Uint16Array.of(7, 7), [7, 7])).toEqual([0, 1]);
});

describe("reduced", () => {
  const source = { width: 3, height: 2, levels: Uint16Array.of(1, 3, 10, 5, 7, 20) };

  it("is the mean of squares, cut at the edge", () => {
    expect(reduced(source, 2, null)).toEqual({
      width: 2,
      height: 1,
      levels: Uint16Array.of(4, 15),
    });
  });
  it("leaves padding out, and is padding where there is nothing else", () => {
    const { levels } = reduced(source, 2, [10, 20]);
    expect([...levels]).toEqual([4, 10]);
    expect([...reduced(source, 2, [1, 3]).levels]).toEqual([6, 15]);
  });
});
