import { queryOptions } from "@tanstack/react-query";
import { client, dataOf, type Schemas } from "./client";

export type Usage = Schemas["UsageResponse"];
export type Pool = Schemas["PoolUsage"];
export type QuotaWindow = Schemas["WindowUsage"];
export type Series = Schemas["UsageSeries"];
export type Period = "day" | "week" | "month";
export type SeriesBy = Series["by"];

export const usageKeys = {
  all: ["usage"] as const,
  period: (period: Period) => ["usage", "period", period] as const,
  series: (period: Period, by: SeriesBy) => ["usage", "series", period, by] as const,
};

export const usageOptions = (period: Period) =>
  queryOptions({
    queryKey: usageKeys.period(period),
    queryFn: ({ signal }) =>
      dataOf(client.GET("/dashboard/usage", { params: { query: { period } }, signal })),
  });

export const seriesOptions = (period: Period, by: SeriesBy) =>
  queryOptions({
    queryKey: usageKeys.series(period, by),
    queryFn: ({ signal }) =>
      dataOf(client.GET("/dashboard/usage/series", { params: { query: { period, by } }, signal })),
  });
