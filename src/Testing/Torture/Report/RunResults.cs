using System.Text.Json.Serialization;

namespace RaftStream.Testing;

/// <summary>
/// What results.json holds, in camel case. Programs read it: a name or a meaning changes only together with <see cref="Format"/>. Durations are in the unit
/// that the name ends with, shares are from 0 to 1, and null says that there is nothing to tell.
/// </summary>
internal sealed record RunResults
{
    /// <summary>The form that is written now.</summary>
    public const int CurrentFormat = 2;

    public required int Format { get; init; }

    /// <summary>clean, violation, undecided or invalid.</summary>
    public required string Verdict { get; init; }

    /// <summary>Whether the run proves what it should, whatever was found.</summary>
    public required bool Valid { get; init; }

    /// <summary>Why the verdict is not clean.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    public required string System { get; init; }

    public required string Driver { get; init; }

    public required int Nodes { get; init; }

    public required ulong Seed { get; init; }

    public required DateTimeOffset Began { get; init; }

    /// <summary>How long clients worked.</summary>
    public required double Seconds { get; init; }

    public required string Command { get; init; }

    public required OperationCounts Operations { get; init; }

    /// <summary>Of all operations.</summary>
    public required double UnknownShare { get; init; }

    public required IReadOnlyList<WorkloadResults> Workloads { get; init; }

    /// <summary>Latencies of what was answered ok, of all workloads together.</summary>
    public required IReadOnlyList<FunctionResults> Functions { get; init; }

    public required IReadOnlyList<FaultResults> Faults { get; init; }

    /// <summary>How many leaderships were seen.</summary>
    public required int Elections { get; init; }

    /// <summary>The longest time in which nothing was answered ok.</summary>
    public required double LongestGapSeconds { get; init; }

    /// <summary>When it began.</summary>
    public required double LongestGapAtSeconds { get; init; }

    public required AvailabilityResults Availability { get; init; }

    public required ThroughputResults Throughput { get; init; }

    public required IReadOnlyList<CheckResults> Checks { get; init; }

    public required IReadOnlyList<string> NodeLogs { get; init; }
}

/// <summary>How operations ended.</summary>
internal sealed record OperationCounts(long Ok, long Failed, long Unknown)
{
    /// <summary>All of them.</summary>
    public long All => Ok + Failed + Unknown;
}

/// <summary>One workload's operations.</summary>
internal sealed record WorkloadResults(string Workload, OperationCounts Operations, IReadOnlyList<FunctionResults> Functions);

/// <summary>The operations of one kind: level is null for the strongest there is. The latencies are of those that were answered ok, null if none was.</summary>
internal sealed record FunctionResults(string Function, string? Level, OperationCounts Operations, LatencyResults? LatencyMs);

/// <summary>Quantiles in milliseconds, exact to under 2 %; the greatest is exact.</summary>
internal sealed record LatencyResults(double P50, double P90, double P99, double P999, double Max);

/// <summary>The faults of one nemesis; seconds are those of all its faults added up.</summary>
internal sealed record FaultResults(string Nemesis, int Count, int TookEffect, double Seconds);

/// <summary>
/// The share of windows in which something was answered ok: of all, and of those in which no more than a minority of the nodes was under a fault; null if
/// there was no such window.
/// </summary>
internal sealed record AvailabilityResults(int WindowMs, long Windows, double? All, long WindowsWithMajority, double? WithMajority);

/// <summary>What was answered ok a second: in the whole run, before the first fault and after the last; null where that was less than a second.</summary>
internal sealed record ThroughputResults(double Mean, double? BeforeFaults, double? AfterFaults);

/// <summary>A checker's verdict: passed, violated or undecided.</summary>
internal sealed record CheckResults(string Workload, string Checker, string Verdict, double Seconds, string Detail, string? Picture);

/// <summary>How these are written. Whoever reads them may trust that what must be there is.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunResults))]
internal sealed partial class RunResultsJson : JsonSerializerContext;
