namespace RaftStream.StreamStateMachine;

/// <summary>How an ingest ended.</summary>
public enum IngestOutcome
{
    /// <summary>The whole source is counted and committed.</summary>
    Complete = 0,

    /// <summary>The source does not start with the bytes already counted under this job and partition: nothing was changed.</summary>
    DifferentSource = 1,

    /// <summary>
    /// This node does not lead, or lost leadership: ask the leader, with the same source; it goes on at the committed offset.
    /// </summary>
    NotLeader = 2,

    /// <summary>Another reader is counting this partition at present, or took it over.</summary>
    Superseded = 3,

    /// <summary>The store declined (a counter would leave the range of 64 bits, say); what was committed before stays counted.</summary>
    Declined = 4,

    /// <summary>The leader's disk is full; what was committed before stays counted.</summary>
    StorageFull = 5,
}

/// <summary>What an ingest did.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Position">Where the job stands, as far as this ingest knows.</param>
/// <param name="WordsAdded">
/// Words that this call counted, as far as it knows: where the outcome is not <see cref="IngestOutcome.Complete"/>, perhaps more.
/// </param>
/// <param name="Message">One sentence for a person, null when complete.</param>
public sealed record IngestReport(IngestOutcome Outcome, JobPosition Position, long WordsAdded, string? Message);

/// <summary>
/// The word-count pipeline on the leader: <c>bytes -> words -> combine -> Advance commands</c>. One instance an ingest.
/// </summary>
/// <remarks>
/// A word is a maximal run of characters that <c>\w</c> of a .NET regular expression matches, up to 1,024 of them, in lower case; a
/// longer run is a dead letter. A file that has grown goes on where it was counted up to, with a new word. Starting an ingest takes the
/// partition over from another one that is under way, which then ends as <see cref="IngestOutcome.Superseded"/>; nothing is counted
/// twice or left out by that.
/// </remarks>
public sealed class WordCountIngest
{
    /// <summary>The name a partition has when none is given.</summary>
    public const string DefaultPartition = "main";

    private readonly IngestRun _run;

    /// <summary>An ingest of one source.</summary>
    /// <param name="node">The node that leads.</param>
    /// <param name="job">The job's name: 1 to 200 characters, no control character.</param>
    /// <param name="partition">The partition's name, under the same rule.</param>
    /// <exception cref="ArgumentException">A name breaks the rule.</exception>
    public WordCountIngest(RaftNode node, string job, string partition)
    {
        ArgumentNullException.ThrowIfNull(node);
        _run = new(node.ProposeAsync, StoreLimits.NameOf(job, partition), new BatchLimits());
    }

    /// <summary>
    /// Reads <paramref name="source"/> from its first byte to its end, skips what is already counted (after comparing its hash) and
    /// counts the rest, with bounded memory whatever the source holds.
    /// </summary>
    /// <exception cref="OperationCanceledException">
    /// Cancelled: what was proposed until then may still be counted, and the next ingest goes on behind it.
    /// </exception>
    /// <exception cref="IOException">The source could not be read; the same holds.</exception>
    public Task<IngestReport> RunAsync(Stream source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return _run.RunAsync(source, cancellationToken);
    }
}
