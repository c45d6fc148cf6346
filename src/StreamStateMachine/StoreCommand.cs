using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The first value of a command: what it is and in which layout. A changed layout gets a new number, since a log may hold commands that
/// an older release wrote.
/// </summary>
internal enum StoreOpcode : byte
{
    /// <summary>[1, key, delta]</summary>
    Add = 1,

    /// <summary>[2, key, expected or nil, value]</summary>
    CompareAndSet = 2,

    /// <summary>[3, key]</summary>
    Delete = 3,

    /// <summary>[4, job, partition]</summary>
    OpenPartition = 4,

    /// <summary>
    /// [5, job, partition, epoch, from, to, SHA-256 of the source's first "to" bytes, words, [[offset, length, start] ...], {key: delta
    /// ...}]
    /// </summary>
    Advance = 5,

    /// <summary>[6, key, value]</summary>
    Max = 6,

    /// <summary>[7, [operation ...]], see <see cref="BatchOpcode"/></summary>
    Batch = 7,
}

/// <summary>What an Advance says besides its dead letters and changes.</summary>
internal readonly ref struct AdvanceHeader
{
    /// <summary>Which partition of which job.</summary>
    public required PartitionName Name { get; init; }

    /// <summary>The epoch that opening the partition gave to the reader.</summary>
    public required long Epoch { get; init; }

    /// <summary>Where the command starts, in bytes of the source; applied only if this is the committed offset.</summary>
    public required long From { get; init; }

    /// <summary>Where it ends: the committed offset afterwards.</summary>
    public required long To { get; init; }

    /// <summary>SHA-256 of the source's first <see cref="To"/> bytes.</summary>
    public required ReadOnlySpan<byte> PrefixSha256 { get; init; }

    /// <summary>Words between the two offsets.</summary>
    public required long Words { get; init; }
}

/// <summary>Writes commands: MessagePack arrays, keys as strings. Equal commands are equal bytes.</summary>
internal static class StoreCommand
{
    /// <summary>Adds to a counter, which starts at 0.</summary>
    public static void WriteAdd(IBufferWriter<byte> output, ReadOnlySpan<byte> key, long delta)
    {
        var writer = Begin(output, StoreOpcode.Add, 3);
        writer.WriteString(key);
        writer.Write(delta);
    }

    /// <summary>Raises a counter, which starts at 0, to a value where it is below it.</summary>
    public static void WriteMax(IBufferWriter<byte> output, ReadOnlySpan<byte> key, long value)
    {
        var writer = Begin(output, StoreOpcode.Max, 3);
        writer.WriteString(key);
        writer.Write(value);
    }

    /// <summary>Sets a counter if it is <paramref name="expected"/> (null: if it does not exist).</summary>
    public static void WriteCompareAndSet(IBufferWriter<byte> output, ReadOnlySpan<byte> key, long? expected, long value)
    {
        var writer = Begin(output, StoreOpcode.CompareAndSet, 4);
        writer.WriteString(key);
        if (expected is { } number)
            writer.Write(number);
        else
            writer.WriteNil();
        writer.Write(value);
    }

    /// <summary>Deletes a counter.</summary>
    public static void WriteDelete(IBufferWriter<byte> output, ReadOnlySpan<byte> key) =>
        Begin(output, StoreOpcode.Delete, 2).WriteString(key);

    /// <summary>
    /// Opens a partition for a new reader: the reply gives it the next epoch and the committed offset. Everything that an older reader
    /// proposed is either in front of this command in the log, and so in that offset, or behind it, and then declined.
    /// </summary>
    public static void WriteOpenPartition(IBufferWriter<byte> output, PartitionName name)
    {
        var writer = Begin(output, StoreOpcode.OpenPartition, 3);
        writer.WriteString(name.Job);
        writer.WriteString(name.Partition);
    }

    /// <summary>
    /// Moves a partition on and adds what was counted. Keys are written in the order of their bytes: a command has one encoding.
    /// </summary>
    public static void WriteAdvance(IBufferWriter<byte> output, AdvanceHeader header, List<DeadLetter> letters, CountTable changes)
    {
        var writer = Begin(output, StoreOpcode.Advance, 10);
        writer.WriteString(header.Name.Job);
        writer.WriteString(header.Name.Partition);
        writer.Write(header.Epoch);
        writer.Write(header.From);
        writer.Write(header.To);
        writer.WriteBinary(header.PrefixSha256);
        writer.Write(header.Words);
        writer.WriteArrayHeader(letters.Count);
        foreach (var letter in letters)
            WriteLetter(writer, letter);
        writer.WriteMapHeader(changes.Count);
        foreach (var number in changes.Sorted())
        {
            writer.WriteString(changes.KeyAt(number));
            writer.Write(changes.ValueAt(number));
        }
    }

    /// <summary>Writes [offset, length, start].</summary>
    public static void WriteLetter(MessagePackWriter writer, in DeadLetter letter)
    {
        writer.WriteArrayHeader(3);
        writer.Write(letter.Offset);
        writer.Write(letter.Length);
        writer.WriteString(letter.Start);
    }

    private static MessagePackWriter Begin(IBufferWriter<byte> output, StoreOpcode opcode, int count)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(count);
        writer.Write((ulong)opcode);
        return writer;
    }
}
