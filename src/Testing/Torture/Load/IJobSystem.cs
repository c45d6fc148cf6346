namespace RaftStream.Testing;

/// <summary>A system whose nodes host the stream jobs of the lab (<see cref="TortureJobs"/>). No call throws for a node that is down.</summary>
internal interface IJobSystem
{
    /// <summary>Hands in lines of a producer, of which the first has a sequence.</summary>
    /// <param name="address">The node, at host:port.</param>
    /// <param name="batch">What, and of whom.</param>
    /// <param name="deadline">When to give up.</param>
    Task<JobTaken> TakeAsync(string address, JobLines batch, CancellationToken deadline);

    /// <summary>Reads all rows of a table; at the strongest level where none is named.</summary>
    Task<JobRowsTold> RowsAsync(string address, string job, string table, string? level, CancellationToken deadline);

    /// <summary>Where a job stands, read at the strongest level; null if the node does not say.</summary>
    Task<JobStands?> StandsAsync(string address, string job, CancellationToken deadline);

    /// <summary>What a sink gives out, as one node has it, from a sequence on, until the connection ends or <paramref name="end"/> does.</summary>
    IAsyncEnumerable<JobOutput> SubscribeAsync(string address, string job, string sink, long from, CancellationToken end);
}

/// <summary>Lines that a producer hands in.</summary>
/// <param name="Job">To which job.</param>
/// <param name="Source">To which of its sources.</param>
/// <param name="Producer">Who.</param>
/// <param name="First">The sequence of the first, from 1.</param>
/// <param name="Lines">The lines.</param>
internal sealed record JobLines(string Job, string Source, string Producer, long First, IReadOnlyList<string> Lines);

/// <summary>How handing in ended.</summary>
/// <param name="Kind">Ok: all of them count.</param>
/// <param name="New">How many of them did not before.</param>
/// <param name="Index">The place of the answer in the log.</param>
internal readonly record struct JobTaken(AnswerKind Kind, int New = 0, long Index = 0);

/// <summary>Rows of a table.</summary>
/// <param name="Kind">Whether there was an answer.</param>
/// <param name="Rows">The rows: key, with the window behind commas where there is one, and value.</param>
/// <param name="Index">The place of the answer in the log.</param>
/// <param name="AgeMs">The age that the answer admits; null where it tells none.</param>
internal sealed record JobRowsTold(AnswerKind Kind, IReadOnlyList<(string Key, string Value)> Rows, long Index = 0, long? AgeMs = null);

/// <summary>Where a job stands.</summary>
/// <param name="Next">The sequence of the next output of each subscription.</param>
/// <param name="Late">How many records came too late for each operator; none is not told.</param>
/// <param name="DeadLetters">How many records were set aside.</param>
internal sealed record JobStands(IReadOnlyDictionary<string, long> Next, IReadOnlyDictionary<string, long> Late, long DeadLetters);

/// <summary>An output of a sink.</summary>
/// <param name="Sequence">Which, from 1.</param>
/// <param name="Text">What.</param>
internal readonly record struct JobOutput(long Sequence, string Text);
