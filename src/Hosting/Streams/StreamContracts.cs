using System.Globalization;

namespace RaftStream.Hosting.Streams;

/// <summary>A stream job's name and the fingerprint of its topology.</summary>
internal sealed record StreamNameJson(string Name, string Fingerprint);

/// <summary>The stream jobs of this program: <c>GET /v1/streams</c>.</summary>
internal sealed record StreamListJson(IReadOnlyList<StreamNameJson> Jobs);

/// <summary>Lines that a producer handed in count: up to which sequence, and how many of them did not before.</summary>
internal sealed record StreamTakenJson(long Sequence, int Taken, string Outcome, long Index, long Term);

/// <summary>Something was done.</summary>
internal sealed record StreamDoneJson(string Outcome, long Index, long Term);

/// <summary>Where a partition stands. The watermark is in milliseconds since 1970-01-01 UTC, null before the first record; <c>ended</c>: nothing more is to come.</summary>
internal sealed record StreamPartitionJson(string Source, string Partition, int? Holder, long Epoch, string Position, long? Watermark, bool Ended, bool Idle, long Records);

/// <summary>What a sink was given: the sequence of the next output and of the oldest that is kept.</summary>
internal sealed record StreamSinkJson(string Sink, long Next, long First);

/// <summary>How far a file sink has come, alike at every replica: how many lines it was given, and the file that is written now, by its name in the folder of the sinks, with its length and the CRC-32C of that.</summary>
internal sealed record StreamFileJson(string Sink, long Lines, string File, long Bytes, string Crc32C)
{
    public static StreamFileJson Of(Job job, FileSinkStatus at) => new(
        at.Sink, at.Next - 1, new SinkFileName(job.Name, at.Sink).Of(at.Generation), at.Length, at.Crc.ToString("x8", CultureInfo.InvariantCulture));
}

/// <summary>The sum of a key's values at the places from one to another, both included. It may take more than 64 bits, so it is text.</summary>
internal sealed record StreamSumJson(string Table, string Key, int From, int To, string Sum, string Outcome, long Index, long Term);

/// <summary>How many records came too late for an operator.</summary>
internal sealed record StreamLateJson(string Operator, long Records);

/// <summary>What a node can carry of the job's reading.</summary>
internal sealed record StreamHostJson(int Node, int Cpu, int Memory, bool Drained);

/// <summary>
/// Where a job stands: <c>GET /v1/streams/{job}</c>. <c>recordsPerCommand</c> are those of sources, <c>combineRatio</c> how many of them one in the log stands for; <c>began</c> is false before the first command.
/// </summary>
internal sealed record StreamJson(
    string Job,
    string Fingerprint,
    bool Began,
    long Entries,
    long Bytes,
    long MaxBytes,
    long Commands,
    long SourceRecords,
    long LogRecords,
    double? RecordsPerCommand,
    double? CombineRatio,
    long DeadLetters,
    IReadOnlyList<StreamPartitionJson> Partitions,
    IReadOnlyList<long?> Watermarks,
    IReadOnlyList<StreamSinkJson> Sinks,
    IReadOnlyList<StreamFileJson> Files,
    IReadOnlyList<StreamLateJson> Late,
    IReadOnlyList<StreamHostJson> Hosts,
    string Outcome,
    long Index,
    long Term)
{
    public static StreamJson Of(Job job, JobStatus? status, LogPosition position) => new(
        job.Name,
        job.Fingerprint.ToString("x16", CultureInfo.InvariantCulture),
        status is not null,
        status?.Entries ?? 0,
        status?.Bytes ?? 0,
        job.Options.MaxStateBytes,
        status?.Commands ?? 0,
        status?.SourceRecords ?? 0,
        status?.LogRecords ?? 0,
        Ratio(status?.SourceRecords, status?.Commands),
        Ratio(status?.SourceRecords, status?.LogRecords),
        status?.DeadLetters ?? 0,
        [.. (status?.Partitions ?? []).Select(static at => new StreamPartitionJson(
            at.Source, at.Partition, at.At.Holder == 0 ? null : at.At.Holder, at.At.Epoch, at.At.Position.ToString(), Time(at.At.Watermark), at.At.Watermark == long.MaxValue, at.At.IsIdle, at.At.Records))],
        [.. (status?.Watermarks ?? []).Select(Time)],
        [.. (status?.Sinks ?? []).Select(static sink => new StreamSinkJson(sink.Sink, sink.Next, sink.First))],
        [.. (status?.Files ?? []).Select(file => StreamFileJson.Of(job, file))],
        [.. (status?.Late ?? []).Select(static late => new StreamLateJson(late.Operator, late.Records))],
        [.. (status?.Hosts ?? []).Select(static host => new StreamHostJson(host.Node, host.Cpu, host.Memory, host.IsDrained))],
        "applied",
        position.Index.Value,
        position.Term.Value);

    private static long? Time(long watermark) => watermark is long.MinValue or long.MaxValue ? null : watermark;

    private static double? Ratio(long? records, long? over) => over is > 0 ? Math.Round((double)(records ?? 0) / over.Value, 3) : null;
}

/// <summary>
/// A record that was set aside. <c>replayable</c>: it came as far as the log, and can go in again from there; <c>bytes</c> in base64. Where it is an output that a sink could not hand on, <c>output</c> is its sequence and
/// <c>partition</c> the sink; else <c>output</c> is null.
/// </summary>
internal sealed record StreamLetterJson(long Sequence, long Index, string Source, string Partition, string Reason, long Time, bool Replayable, string Bytes, long? Output);

/// <summary>Dead letters: <c>GET /v1/streams/{job}/dead-letters</c>; <c>total</c> counts those that are not kept any more, too.</summary>
internal sealed record StreamLettersJson(long Total, IReadOnlyList<StreamLetterJson> Letters, string Outcome, long Index, long Term)
{
    public static StreamLettersJson Of(long total, IEnumerable<JobLetter> letters, LogPosition position) => new(
        total,
        [.. letters.Where(static letter => !letter.IsEmptyPlace).Select(static letter => new StreamLetterJson(
            letter.Sequence, letter.Index, letter.Source, letter.Partition, letter.Reason, letter.Time, letter.IsReplayable, Convert.ToBase64String(letter.Bytes.Span), letter.Output > 0 ? letter.Output : null))],
        "applied",
        position.Index.Value,
        position.Term.Value);
}
