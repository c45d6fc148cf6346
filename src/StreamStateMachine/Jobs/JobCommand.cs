using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The first value of a job's command. They share the log with those of the store (<see cref="StoreOpcode"/>), and no number stands for two. What follows is always the job's name and its
/// topology's fingerprint.
/// </summary>
internal enum JobOpcode : byte
{
    /// <summary>[32, job, fingerprint, source, [partition ...]]: these partitions are there; they hold back the watermark from here on.</summary>
    Register = 32,

    /// <summary>
    /// [33, job, fingerprint, source, partition, node]: the lease of reading a partition goes to a node, 0 for none; the epoch that begins ends the readers before it.
    /// </summary>
    Open = 33,

    /// <summary>
    /// [34, job, fingerprint, source, partition, epoch, from, to, watermark, records of the source, [[edge, time, bytes] ...], [[reason, time, bytes] ...]]: state and position change together, or not at
    /// all. Epoch 0: records that were handed in; the partition need not be opened.
    /// </summary>
    Advance = 34,

    /// <summary>[35, job, fingerprint]: fires what is due.</summary>
    Tick = 35,

    /// <summary>[36, job, fingerprint, sink, up to]: these outputs were handed on.</summary>
    Acknowledge = 36,

    /// <summary>[37, job, fingerprint, sequence]: a dead letter goes in again by the edge that it came by.</summary>
    Replay = 37,

    /// <summary>[38, job, fingerprint, sequence]: a dead letter is forgotten.</summary>
    Discard = 38,

    /// <summary>[39, job, fingerprint, node, cpu, memory, drained]: what a node can carry of the job's reading, and whether it is to carry none.</summary>
    Host = 39,

    /// <summary>
    /// [40, job, fingerprint, sink, from, up to, epoch, reason]: these outputs, of which the first is the oldest that waits, cannot be handed on and become dead letters. The epoch is the term of the node that says so;
    /// in another one it is declined, since a receiver refuses those who led before.
    /// </summary>
    Refuse = 40,

    /// <summary>[41, job, fingerprint, sink, sequence, epoch, reason]: an output that was to be sent again was handed on, or where there is a reason, is a dead letter again. The epoch is that of <see cref="Refuse"/>.</summary>
    Resent = 41,
}

/// <summary>Writes the commands of jobs.</summary>
internal static class JobCommand
{
    public static void WriteRegister(IBufferWriter<byte> output, Job job, int source, IReadOnlyCollection<string> partitions)
    {
        var writer = Begin(output, JobOpcode.Register, job, 2);
        writer.Write((long)source);
        writer.WriteArrayHeader(partitions.Count);
        foreach (var partition in partitions)
            writer.WriteString(partition);
    }

    public static void WriteOpen(IBufferWriter<byte> output, Job job, int source, string partition, int node = 0)
    {
        var writer = Begin(output, JobOpcode.Open, job, 3);
        writer.Write((long)source);
        writer.WriteString(partition);
        writer.Write((long)node);
    }

    public static void WriteHost(IBufferWriter<byte> output, Job job, JobHost host)
    {
        var writer = Begin(output, JobOpcode.Host, job, 4);
        writer.Write((long)host.Node);
        writer.Write((long)host.Cpu);
        writer.Write((long)host.Memory);
        writer.Write(host.IsDrained);
    }

    public static void WriteAdvance(IBufferWriter<byte> output, Job job, in AdvanceHead head, AdvanceBatch batch)
    {
        var writer = Begin(output, JobOpcode.Advance, job, 9);
        writer.Write((long)head.Source);
        writer.WriteString(head.Partition);
        writer.Write(head.Epoch);
        writer.WriteBinary(head.From.Bytes.Span);
        writer.WriteBinary(head.To.Bytes.Span);
        writer.Write(head.Watermark);
        writer.Write(head.SourceRecords);
        batch.Write(writer, output);
    }

    public static void WriteTick(IBufferWriter<byte> output, Job job) => Begin(output, JobOpcode.Tick, job, 0);

    public static void WriteAcknowledge(IBufferWriter<byte> output, Job job, int sink, long upTo)
    {
        var writer = Begin(output, JobOpcode.Acknowledge, job, 2);
        writer.Write((long)sink);
        writer.Write(upTo);
    }

    public static void WriteRefuse(IBufferWriter<byte> output, Job job, int sink, long from, long upTo, long epoch, string reason)
    {
        var writer = Begin(output, JobOpcode.Refuse, job, 5);
        writer.Write((long)sink);
        writer.Write(from);
        writer.Write(upTo);
        writer.Write(epoch);
        writer.WriteString(reason);
    }

    public static void WriteResent(IBufferWriter<byte> output, Job job, int sink, long sequence, long epoch, string reason)
    {
        var writer = Begin(output, JobOpcode.Resent, job, 4);
        writer.Write((long)sink);
        writer.Write(sequence);
        writer.Write(epoch);
        writer.WriteString(reason);
    }

    public static void WriteReplay(IBufferWriter<byte> output, Job job, long sequence) => Begin(output, JobOpcode.Replay, job, 1).Write(sequence);

    public static void WriteDiscard(IBufferWriter<byte> output, Job job, long sequence) => Begin(output, JobOpcode.Discard, job, 1).Write(sequence);

    /// <summary>
    /// Whether bytes begin as a command of one of these jobs does. A command of another one would stop every replica that does not define that job: nobody but a node that defines it may propose it.
    /// </summary>
    public static bool IsOfOneOf(IReadOnlyCollection<Job> jobs, ReadOnlySpan<byte> command)
    {
        var reader = new MessagePackReader(command);
        if (!reader.TryReadArrayHeader(out _) || !reader.TryReadUInt64(out var opcode) || opcode is < (ulong)JobOpcode.Register or > (ulong)JobOpcode.Resent
            || !reader.TryReadString(StoreLimits.MaxNameBytes, out var name) || !reader.TryReadUInt64(out var fingerprint))
            return false;
        return jobs.Any(job => string.Equals(job.Name, name, StringComparison.Ordinal) && job.Fingerprint == fingerprint);
    }

    private static MessagePackWriter Begin(IBufferWriter<byte> output, JobOpcode opcode, Job job, int more)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(3 + more);
        writer.Write((ulong)opcode);
        writer.WriteString(job.Name);
        writer.Write(job.Fingerprint);
        return writer;
    }
}

/// <summary>What an Advance says of its partition.</summary>
/// <param name="Source">The number of the source.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Epoch">The epoch of the reader; 0: records that were handed in.</param>
/// <param name="From">Where it begins: where the partition stands, or it is declined.</param>
/// <param name="To">Where it ends.</param>
/// <param name="Watermark">No record of a time up to it is to come.</param>
/// <param name="SourceRecords">How many records of the source are in it.</param>
internal readonly record struct AdvanceHead(int Source, string Partition, long Epoch, SourcePosition From, SourcePosition To, long Watermark, long SourceRecords)
{
    /// <summary>Reads what stands in front of the lists.</summary>
    public static bool TryRead(ref MessagePackReader reader, out AdvanceHead head)
    {
        head = default;
        if (!reader.TryReadInt64(out var source) || source is < 0 or > byte.MaxValue || !reader.TryReadString(StoreLimits.MaxNameBytes, out var partition)
            || !reader.TryReadInt64(out var epoch) || epoch < 0
            || !reader.TryReadBinary(out var from) || from.Length > SourcePosition.MaxBytes || !reader.TryReadBinary(out var to) || to.Length > SourcePosition.MaxBytes)
            return false;
        var (begins, ends) = (new SourcePosition(from), new SourcePosition(to));
        if (!reader.TryReadInt64(out var watermark) || !reader.TryReadInt64(out var records) || records < 0)
            return false;
        head = new((int)source, partition, epoch, begins, ends, watermark, records);
        return true;
    }
}

/// <summary>The answer to a job's command.</summary>
/// <param name="Problem">Why it was declined.</param>
/// <param name="Epoch">The partition's epoch, where there is one.</param>
/// <param name="Position">Where the partition stands.</param>
/// <param name="Watermark">Its watermark.</param>
internal sealed record JobReply(JobProblem Problem, long Epoch, SourcePosition Position, long Watermark)
{
    public static void Write(IBufferWriter<byte> output, JobProblem problem, JobPartition? partition = null)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(4);
        writer.Write((ulong)problem);
        writer.Write(partition?.Epoch ?? 0);
        writer.WriteBinary(partition is null ? default : partition.Position.Bytes.Span);
        writer.Write(partition?.Watermark ?? long.MinValue);
    }

    public static JobReply? TryRead(ReadOnlySpan<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        if (!reader.TryReadArrayHeader(out var count) || count != 4 || !reader.TryReadUInt64(out var problem) || problem > byte.MaxValue || !reader.TryReadInt64(out var epoch)
            || !reader.TryReadBinary(out var position) || position.Length > SourcePosition.MaxBytes)
            return null;
        var stands = new SourcePosition(position);
        return reader.TryReadInt64(out var watermark) && reader.Remaining == 0 ? new((JobProblem)problem, epoch, stands, watermark) : null;
    }
}
