namespace RaftStream.Testing;

/// <summary>Where a partition stands.</summary>
/// <param name="Epoch">How often it was opened.</param>
/// <param name="Position">How many of its records were taken in.</param>
/// <param name="Watermark">No record of a time up to it is to come.</param>
/// <param name="Latest">The largest time so far.</param>
/// <param name="IsIdle">Whether it gave nothing for long.</param>
/// <param name="LastLogTime">When it gave something last.</param>
internal sealed record RefPartition(long Epoch, int Position, long Watermark, long? Latest, bool IsIdle, long LastLogTime);

/// <summary>What was set aside.</summary>
/// <param name="Source">The source; nothing where it did not come of one.</param>
/// <param name="Partition">Its partition; the operator of a timer; the sink of an output.</param>
/// <param name="Reason">Why.</param>
/// <param name="Output">The sequence of an output; 0: it is none.</param>
internal sealed record RefLetter(string Source, string Partition, string Reason, long Output = 0);
