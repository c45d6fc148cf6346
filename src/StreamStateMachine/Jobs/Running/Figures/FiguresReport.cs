namespace RaftStream.StreamStateMachine;

/// <summary>What is known of some durations.</summary>
/// <param name="Count">How many were measured.</param>
/// <param name="P50">Half of them took no longer, in milliseconds.</param>
/// <param name="P99">Of a hundred, 99 took no longer, in milliseconds.</param>
/// <param name="Max">The longest, in milliseconds.</param>
internal sealed record LatencyFigures(int Count, double P50, double P99, double Max);

/// <summary>What a change of the leader or of a reader did to the progress of a job, as this node saw it.</summary>
/// <param name="What">What changed, for a person.</param>
/// <param name="Ago">How long ago it was noticed.</param>
/// <param name="Stall">The longest time without progress around it.</param>
/// <param name="Before">Records a second in the ten seconds before it; fewer where there were not ten.</param>
/// <param name="After">Records a second in the ten seconds from the end of the stall on; null until they are over.</param>
internal sealed record FailureFigures(string What, TimeSpan Ago, TimeSpan Stall, double Before, double? After)
{
    /// <summary>Throughput after over before; null while one of them is not known or was nothing.</summary>
    public double? AfterOverBefore => After is { } after && Before > 0 ? after / Before : null;
}

/// <summary>How a job does at one node.</summary>
/// <param name="Window">What span the figures are of: what was asked for, or the time since this node began to watch.</param>
/// <param name="Throughput">Records of sources a second, as this node applied them; null before the second look.</param>
/// <param name="Availability">Of the time in which records came in or waited to, the share without the stalls: spans of more than a second in which none came in and some waited. Null where there was no such time.</param>
/// <param name="WatermarkLag">How far the least watermark is behind this node's wall clock; null before there is one.</param>
/// <param name="ReadToCommitted">From the reading of a batch's first record to its commit, for what this node read.</param>
/// <param name="SourceToCommitted">From the event time of a batch's newest record to its commit, by this node's wall clock.</param>
/// <param name="SourceToSinks">The same to where this node has applied it: its file sinks, tables and subscriptions have it then. Measured on one batch at a time.</param>
/// <param name="SourceToReceivers">From the event time of a batch's newest output to where a webhook's receiver or a console has taken it, from this node while it leads.</param>
/// <param name="LastFailure">The last change of leader or reader; null where there was none.</param>
internal sealed record FiguresReport(
    TimeSpan Window,
    double? Throughput,
    double? Availability,
    TimeSpan? WatermarkLag,
    LatencyFigures? ReadToCommitted,
    LatencyFigures? SourceToCommitted,
    LatencyFigures? SourceToSinks,
    LatencyFigures? SourceToReceivers,
    FailureFigures? LastFailure);
