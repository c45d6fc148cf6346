using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The store's snapshot, one MessagePack value that any language reads:
/// ["raftstream-counts", 3, [[job, partition, epoch, offset, SHA-256, words, dead letters, [[offset, length, start] ...]] ...],
/// {key: integer or binary ...}, state hash]. Partitions in the order of their names' UTF-16 units, keys in that of their hashes
/// (<see cref="KeyHash"/>) and, where those are equal, of their bytes: the state alone decides the bytes. Reading checks the order, every
/// range and the state hash, so damage shows. Layout 2, which is read as well, has integers only and is the same otherwise.
/// </summary>
internal static class StoreSnapshot
{
    private const int Version = 3;
    private const int VersionOfIntegers = 2;

    private static ReadOnlySpan<byte> Magic => "raftstream-counts"u8;

    /// <summary>Begins a snapshot; that many partitions follow, each with its dead letters.</summary>
    public static void WriteHead(IBufferWriter<byte> output, int partitions)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(5);
        writer.WriteString(Magic);
        writer.Write(Version);
        writer.WriteArrayHeader(partitions);
    }

    /// <summary>Writes a partition; its dead letters must follow.</summary>
    public static void WritePartition(IBufferWriter<byte> output, PartitionState partition)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(8);
        writer.WriteString(partition.Name.Job);
        writer.WriteString(partition.Name.Partition);
        writer.Write(partition.Epoch);
        writer.Write(partition.Offset);
        writer.WriteBinary(partition.PrefixSha256);
        writer.Write(partition.Words);
        writer.Write(partition.DeadLetters);
        writer.WriteArrayHeader(partition.Letters.Count);
    }

    /// <summary>Writes a dead letter.</summary>
    public static void WriteLetter(IBufferWriter<byte> output, in DeadLetter letter) => StoreCommand.WriteLetter(new(output), letter);

    /// <summary>Begins the keys; that many must follow, each with its value.</summary>
    public static void WriteKeysHead(IBufferWriter<byte> output, int count) => new MessagePackWriter(output).WriteMapHeader(count);

    /// <summary>Writes a key with its integer.</summary>
    public static void WriteCounter(IBufferWriter<byte> output, ReadOnlySpan<byte> key, long value)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteString(key);
        writer.Write(value);
    }

    /// <summary>Writes a key and begins its bytes; that many must follow as they are.</summary>
    public static void WriteBytesHead(IBufferWriter<byte> output, ReadOnlySpan<byte> key, int length)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteString(key);
        writer.WriteBinaryHeader(length);
    }

    /// <summary>Ends the snapshot.</summary>
    public static void WriteEnd(IBufferWriter<byte> output, ulong stateHash) => new MessagePackWriter(output).Write(stateHash);

    /// <summary>Reads a state, and stands behind it then; its counters go to <paramref name="counters"/>, an empty table.</summary>
    /// <exception cref="InvalidDataException">The bytes are no snapshot of a counting store, or are damaged.</exception>
    public static (CountTable Counters, PartitionTable Partitions) Read(SnapshotWindow window, CountTable counters)
    {
        var reader = window.Reader();
        if (!reader.TryReadArrayHeader(out var parts) || parts != 5 || !reader.TryReadStringBytes(out var magic) || !magic.SequenceEqual(Magic))
            throw new InvalidDataException("The snapshot does not start as one of a counting store does: restore one that this state machine wrote.");
        if (!reader.TryReadInt64(out var version) || version is not (Version or VersionOfIntegers))
            throw new InvalidDataException($"The snapshot has layout {version} and this release reads layouts {VersionOfIntegers} and {Version}: use the release that wrote it.");
        if (!reader.TryReadArrayHeader(out var partitionCount) || partitionCount > StoreLimits.MaxPartitions)
            throw window.Damaged("the list of partitions");
        window.Advance(reader.Position);
        var partitions = new PartitionTable(counters.Captures);
        PartitionName? last = null;
        for (var i = 0; i < partitionCount; i++)
        {
            var partition = ReadPartition(window, counters.Captures.Epoch);
            if (last is { } before && before.CompareTo(partition.Name) >= 0)
                throw window.Damaged("a partition out of order");
            partitions.Add(partition);
            last = partition.Name;
        }

        ReadKeys(window, counters, version == Version);
        reader = window.Reader();
        if (!reader.TryReadUInt64(out var hash) || hash != CountingStore.HashOf(counters, partitions))
            throw window.Damaged("a state hash that is not that of its state");
        window.Advance(reader.Position);
        return (counters, partitions);
    }

    private static PartitionState ReadPartition(SnapshotWindow window, long born)
    {
        var reader = window.Reader();
        if (!reader.TryReadArrayHeader(out var fields) || fields != 8 || StoreCommandReader.ReadName(ref reader, out var name) != StoreProblem.None)
            throw window.Damaged("the name of a partition");
        if (!reader.TryReadInt64(out var epoch) || !reader.TryReadInt64(out var offset) || !reader.TryReadBinary(out var hash)
            || !reader.TryReadInt64(out var words) || !reader.TryReadInt64(out var total) || !reader.TryReadArrayHeader(out var kept))
            throw window.Damaged($"the position of partition '{name.Partition}' of job '{name.Job}'");
        if (epoch < 1 || offset < 0 || hash.Length != StoreLimits.Sha256Bytes || words < 0 || kept != Math.Min(total, StoreLimits.MaxDeadLetters))
            throw window.Damaged($"a position out of range for partition '{name.Partition}' of job '{name.Job}'");
        var partition = new PartitionState(name, born);
        partition.Restore(epoch, offset, hash, words, total);
        window.Advance(reader.Position);
        var free = 0L;
        for (var i = 0; i < kept; i++)
        {
            reader = window.Reader();
            if (!StoreCommandReader.TryReadLetter(ref reader, out var letter) || letter.Offset < free)
                throw window.Damaged($"a dead letter of partition '{name.Partition}' of job '{name.Job}'");
            free = letter.Offset + letter.Length;
            partition.Keep(letter);
            window.Advance(reader.Position);
        }

        return free <= offset ? partition : throw window.Damaged($"a dead letter behind the offset of partition '{name.Partition}' of job '{name.Job}'");
    }

    private static void ReadKeys(SnapshotWindow window, CountTable counters, bool mayHoldBytes)
    {
        var reader = window.Reader();
        if (!reader.TryReadMapHeader(out var count) || count > StoreLimits.MaxCounters)
            throw window.Damaged("the list of keys");
        var last = new byte[StoreLimits.MaxKeyBytes];
        var lastLength = 0;
        var lastHash = 0UL;
        for (var i = 0; i < count; i++)
        {
            if (reader.Remaining < SnapshotWindow.LargestItem)
            {
                window.Advance(reader.Position);
                reader = window.Reader();
            }

            var value = 0L;
            ReadOnlySpan<byte> bytes = default;
            if (StoreCommandReader.ReadKey(ref reader, out var key) != StoreProblem.None)
                throw window.Damaged("a key");
            var holdsBytes = mayHoldBytes && reader.NextType == MessagePackType.Binary;
            if (holdsBytes ? !reader.TryReadBinary(out bytes) || bytes.Length > StoreLimits.MaxValueBytes : !reader.TryReadInt64(out value))
                throw window.Damaged("a value");
            if (holdsBytes && IntegerKey.TryParse(bytes, out _))
                throw window.Damaged("an integer that is kept as bytes");
            var hash = KeyHash.Of(key);
            if (HashOrder.Compare(lastHash, last.AsSpan(0, lastLength), hash, key) >= 0)
                throw window.Damaged("a key out of order");
            if (!counters.HasRoomFor(1, key.Length))
                throw window.Damaged("more keys than a store takes");
            if (!counters.HasRoomForValues(bytes.Length))
                throw window.Damaged("more bytes of values than a store takes");
            if (holdsBytes)
                counters.InsertBytes(key, hash, bytes);
            else
                counters.Insert(key, hash, value);
            key.CopyTo(last);
            (lastHash, lastLength) = (hash, key.Length);
        }

        window.Advance(reader.Position);
    }
}
