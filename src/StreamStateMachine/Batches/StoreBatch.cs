using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Several operations that go into one log entry: applied in their order and at once, each with a result of its own (<see cref="BatchResult"/>), also where another one of them
/// was declined. Made up by one thread; used again after <see cref="Clear"/>.
/// </summary>
/// <remarks>
/// Keys take 1 to 4,096 bytes of UTF-8, values 0 to 65,536 bytes of any kind. A value that is exactly the decimal text of a 64-bit integer with a sign ("7" and "-7", not "07" or "+7")
/// is stored as that integer, the counter that all other requests see; every other one as bytes.
/// </remarks>
public sealed class StoreBatch
{
    /// <summary>The most operations.</summary>
    public const int MaxOperations = 1_024;

    /// <summary>The most of them that are reads, so that a reply takes little more than 1 MiB.</summary>
    public const int MaxReads = 16;

    /// <summary>The most pairs of all <see cref="TrySetAll"/> together.</summary>
    public const int MaxPairs = 8_192;

    /// <summary>The most bytes of the encoded command: 1 MiB.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>An array of two, the opcode and an array's header.</summary>
    private const int HeadBytes = 5;

    /// <summary>An operation beside the bytes of its key and value: an array's header, the opcode, and the headers of a string and of binary, or a number.</summary>
    private const int OperationBytes = 14;

    /// <summary>The headers of a string and of binary.</summary>
    private const int PairBytes = 8;

    private readonly ArrayBufferWriter<byte> _operations = new();
    private int _reads;
    private int _pairs;

    /// <summary>How many operations are in it.</summary>
    public int Count { get; private set; }

    /// <summary>The command, in memory of its own: it stays as it is whatever happens to the batch.</summary>
    public ReadOnlyMemory<byte> Command
    {
        get
        {
            var command = new ArrayBufferWriter<byte>(HeadBytes + Math.Max(1, _operations.WrittenCount));
            var writer = new MessagePackWriter(command);
            writer.WriteArrayHeader(2);
            writer.Write((ulong)StoreOpcode.Batch);
            writer.WriteArrayHeader(Count);
            command.Write(_operations.WrittenSpan);
            return command.WrittenMemory;
        }
    }

    /// <summary>Whether there is room for so many more operations, so many of them reads, with so many bytes of keys and values in all.</summary>
    public bool HasRoomFor(int operations, int reads, long bytes) =>
        Count + operations <= MaxOperations && _reads + reads <= MaxReads && HeadBytes + _operations.WrittenCount + bytes + ((long)operations * OperationBytes) <= MaxBytes;

    /// <summary>Sets a key, whatever it held. False: the batch has no room for it.</summary>
    /// <exception cref="ArgumentException">The key or the value is none: see <see cref="StoreBatch"/>.</exception>
    public bool TrySet(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        StoreLimits.CheckKey(key, nameof(key));
        CheckValue(value, nameof(value));
        if (!HasRoomFor(OperationBytes + key.Length + value.Length))
            return false;
        var writer = Begin(BatchOpcode.Set, 3);
        writer.WriteString(key);
        writer.WriteBinary(value);
        return true;
    }

    /// <summary>Adds to the integer under a key, which starts at 0. False: the batch has no room for it.</summary>
    /// <exception cref="ArgumentException">The key is none: see <see cref="StoreBatch"/>.</exception>
    public bool TryIncrement(ReadOnlySpan<byte> key, long delta)
    {
        StoreLimits.CheckKey(key, nameof(key));
        if (!HasRoomFor(OperationBytes + key.Length))
            return false;
        var writer = Begin(BatchOpcode.Increment, 3);
        writer.WriteString(key);
        writer.Write(delta);
        return true;
    }

    /// <summary>Deletes a key, whatever it holds. False: the batch has no room for it.</summary>
    /// <exception cref="ArgumentException">The key is none: see <see cref="StoreBatch"/>.</exception>
    public bool TryDelete(ReadOnlySpan<byte> key)
    {
        StoreLimits.CheckKey(key, nameof(key));
        if (!HasRoomFor(OperationBytes + key.Length))
            return false;
        Begin(BatchOpcode.Delete, 2).WriteString(key);
        return true;
    }

    /// <summary>Reads what a key holds then, behind the operations in front. False: the batch has no room for it.</summary>
    /// <exception cref="ArgumentException">The key is none: see <see cref="StoreBatch"/>.</exception>
    public bool TryGet(ReadOnlySpan<byte> key)
    {
        StoreLimits.CheckKey(key, nameof(key));
        if (_reads == MaxReads || !HasRoomFor(OperationBytes + key.Length))
            return false;
        Begin(BatchOpcode.Get, 2).WriteString(key);
        _reads++;
        return true;
    }

    /// <summary>
    /// Sets several keys as one operation, all or none: declined as a whole where the store has no room for all of them. Where a key comes twice, the last value counts. False: the
    /// batch has no room for it.
    /// </summary>
    /// <exception cref="ArgumentException">There are no pairs, or a key or a value is none: see <see cref="StoreBatch"/>.</exception>
    public bool TrySetAll(IReadOnlyList<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        if (pairs.Count == 0)
            throw new ArgumentException("There are no pairs: give one key and its value at least.", nameof(pairs));
        var bytes = (long)OperationBytes;
        foreach (var (key, value) in pairs)
        {
            StoreLimits.CheckKey(key.Span, nameof(pairs));
            CheckValue(value.Span, nameof(pairs));
            bytes += PairBytes + key.Length + value.Length;
        }

        if (pairs.Count > MaxPairs - _pairs || !HasRoomFor(bytes))
            return false;
        var ordered = InOrder(pairs);
        var writer = Begin(BatchOpcode.SetAll, 2);
        writer.WriteMapHeader(ordered.Count);
        foreach (var place in ordered)
        {
            writer.WriteString(pairs[place].Key.Span);
            writer.WriteBinary(pairs[place].Value.Span);
        }

        _pairs += ordered.Count;
        return true;
    }

    /// <summary>Empties the batch and keeps its memory.</summary>
    public void Clear()
    {
        _operations.ResetWrittenCount();
        (Count, _reads, _pairs) = (0, 0, 0);
    }

    /// <summary>Whether bytes begin as a batch does and are no larger than one may be. What is wrong behind that the store declines.</summary>
    public static bool IsBatch(ReadOnlySpan<byte> command)
    {
        var reader = new MessagePackReader(command);
        return command.Length <= MaxBytes && StoreCommandReader.TryReadOpcode(ref reader, out var opcode) && opcode == StoreOpcode.Batch;
    }

    /// <summary>Refuses bytes that are no batch.</summary>
    /// <exception cref="ArgumentException">They are another command, or none.</exception>
    internal static void Check(ReadOnlySpan<byte> command, string parameter)
    {
        if (!IsBatch(command))
            throw new ArgumentException($"The {command.Length} bytes are no batch: give the {nameof(Command)} of a {nameof(StoreBatch)}.", parameter);
    }

    /// <summary>The places of the pairs in the order of their keys' bytes; of those with one key, that of the last.</summary>
    private static List<int> InOrder(IReadOnlyList<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)> pairs)
    {
        var places = Enumerable.Range(0, pairs.Count).ToArray();
        Array.Sort(places, (left, right) => pairs[left].Key.Span.SequenceCompareTo(pairs[right].Key.Span) is var order and not 0 ? order : left.CompareTo(right));
        var kept = new List<int>(places.Length);
        for (var i = 0; i < places.Length; i++)
        {
            if (i + 1 == places.Length || !pairs[places[i]].Key.Span.SequenceEqual(pairs[places[i + 1]].Key.Span))
                kept.Add(places[i]);
        }

        return kept;
    }

    private static void CheckValue(ReadOnlySpan<byte> value, string parameter)
    {
        if (value.Length > StoreLimits.MaxValueBytes)
            throw new ArgumentException($"The value takes {value.Length} bytes: give one of {StoreLimits.MaxValueBytes} at the most.", parameter);
    }

    private bool HasRoomFor(long bytes) => Count < MaxOperations && HeadBytes + _operations.WrittenCount + bytes <= MaxBytes;

    private MessagePackWriter Begin(BatchOpcode opcode, int fields)
    {
        Count++;
        var writer = new MessagePackWriter(_operations);
        writer.WriteArrayHeader(fields);
        writer.Write((ulong)opcode);
        return writer;
    }
}
