using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Reads the parts of commands. Every method gives the problem that the command must be declined with, and throws for no bytes: what a
/// replica makes of a command is decided by the command and the state alone.
/// </summary>
internal static class StoreCommandReader
{
    /// <summary>Reads the array's header and the opcode; the count must be the one that opcode has.</summary>
    public static bool TryReadOpcode(ref MessagePackReader reader, out StoreOpcode opcode)
    {
        opcode = default;
        if (!reader.TryReadArrayHeader(out var count) || !reader.TryReadUInt64(out var code))
            return false;
        opcode = (StoreOpcode)Math.Min(code, byte.MaxValue);
        return count == opcode switch
        {
            StoreOpcode.Add => 3,
            StoreOpcode.CompareAndSet => 4,
            StoreOpcode.Delete => 2,
            StoreOpcode.OpenPartition => 3,
            StoreOpcode.Advance => 10,
            StoreOpcode.Max => 3,
            StoreOpcode.Batch => 2,
            _ => -1,
        };
    }

    /// <summary>Reads a key.</summary>
    public static StoreProblem ReadKey(scoped ref MessagePackReader reader, out ReadOnlySpan<byte> key)
    {
        if (!reader.TryReadStringBytes(out key))
            return StoreProblem.Malformed;
        return StoreLimits.IsKey(key) ? StoreProblem.None : StoreProblem.InvalidKey;
    }

    /// <summary>Reads [.., key, number], the rest of an Add or of a Max.</summary>
    public static StoreProblem ReadNumber(scoped ref MessagePackReader reader, out ReadOnlySpan<byte> key, out long number)
    {
        number = 0;
        var problem = ReadKey(ref reader, out key);
        return problem != StoreProblem.None ? problem : End(reader.TryReadInt64(out number), reader);
    }

    /// <summary>Reads the rest of a CompareAndSet.</summary>
    public static StoreProblem ReadCompareAndSet(ref MessagePackReader reader, out ReadOnlySpan<byte> key, out long? expected, out long value)
    {
        (expected, value) = (null, 0);
        var problem = ReadKey(ref reader, out key);
        if (problem != StoreProblem.None)
            return problem;
        if (!reader.TryReadNil())
        {
            if (!reader.TryReadInt64(out var number))
                return StoreProblem.Malformed;
            expected = number;
        }

        return End(reader.TryReadInt64(out value), reader);
    }

    /// <summary>Reads the rest of a Delete.</summary>
    public static StoreProblem ReadDelete(ref MessagePackReader reader, out ReadOnlySpan<byte> key)
    {
        var problem = ReadKey(ref reader, out key);
        return problem != StoreProblem.None ? problem : End(true, reader);
    }

    /// <summary>Reads the rest of an OpenPartition.</summary>
    public static StoreProblem ReadOpenPartition(ref MessagePackReader reader, out PartitionName name)
    {
        var problem = ReadName(ref reader, out name);
        return problem != StoreProblem.None ? problem : End(true, reader);
    }

    /// <summary>Reads the names of a job and a partition.</summary>
    public static StoreProblem ReadName(ref MessagePackReader reader, out PartitionName name)
    {
        name = default;
        if (reader.NextType != MessagePackType.String)
            return StoreProblem.Malformed;
        if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var job))
            return reader.TrySkip() ? StoreProblem.InvalidName : StoreProblem.Malformed;
        if (reader.NextType != MessagePackType.String)
            return StoreProblem.Malformed;
        if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var partition))
            return reader.TrySkip() ? StoreProblem.InvalidName : StoreProblem.Malformed;
        name = new(job, partition);
        return StoreLimits.IsName(job) && StoreLimits.IsName(partition) ? StoreProblem.None : StoreProblem.InvalidName;
    }

    /// <summary>Reads [offset, length, start].</summary>
    public static bool TryReadLetter(ref MessagePackReader reader, out DeadLetter letter)
    {
        letter = default;
        if (!reader.TryReadArrayHeader(out var count) || count != 3)
            return false;
        if (!reader.TryReadInt64(out var offset) || !reader.TryReadInt64(out var length))
            return false;
        if (!reader.TryReadString(3 * StoreLimits.DeadLetterStart, out var start) || start.Length is < 1 or > StoreLimits.DeadLetterStart)
            return false;
        letter = new(offset, length, start);
        return offset >= 0 && length >= 1 && offset <= long.MaxValue - length;
    }

    /// <summary>A command ends with its last value.</summary>
    private static StoreProblem End(bool read, in MessagePackReader reader) =>
        read && reader.Remaining == 0 ? StoreProblem.None : StoreProblem.Malformed;
}

/// <summary>One key and what to add to it, as a place in the command's bytes.</summary>
/// <param name="KeyStart">Where the key's bytes start in the command.</param>
/// <param name="KeyLength">How many there are.</param>
/// <param name="Delta">What to add.</param>
internal readonly record struct Change(int KeyStart, int KeyLength, long Delta);

/// <summary>
/// A decoded Advance. Owned by the store and used again for each command, so that decoding makes no garbage per change; what it holds is
/// good until the next <see cref="Read"/>.
/// </summary>
internal sealed class AdvanceCommand
{
    /// <summary>Lists that one command made larger than this are given back.</summary>
    private const int KeptChanges = 64 * 1024;

    private readonly byte[] _prefixSha256 = new byte[StoreLimits.Sha256Bytes];

    /// <summary>Which partition of which job.</summary>
    public PartitionName Name { get; private set; }

    /// <summary>The epoch of the reader that made it.</summary>
    public long Epoch { get; private set; }

    /// <summary>Where it starts, at least 0.</summary>
    public long From { get; private set; }

    /// <summary>Where it ends, at least <see cref="From"/>.</summary>
    public long To { get; private set; }

    /// <summary>Words counted, at least 0.</summary>
    public long Words { get; private set; }

    /// <summary>SHA-256 of the source's bytes up to <see cref="To"/>.</summary>
    public ReadOnlySpan<byte> PrefixSha256 => _prefixSha256;

    /// <summary>Dead letters in the order of the source, all between the two offsets.</summary>
    public List<DeadLetter> Letters { get; } = [];

    /// <summary>Changes in strict order of their keys' bytes, so no key comes twice.</summary>
    public List<Change> Changes { get; } = [];

    /// <summary>Reads what follows the opcode; <paramref name="payload"/> is the whole command.</summary>
    public StoreProblem Read(ref MessagePackReader reader, ReadOnlySpan<byte> payload)
    {
        Letters.Clear();
        Changes.Clear();
        if (Changes.Capacity > KeptChanges)
            Changes.Capacity = KeptChanges;
        var problem = StoreCommandReader.ReadName(ref reader, out var name);
        if (problem != StoreProblem.None)
            return problem;
        Name = name;
        if (!TryReadNumbers(ref reader) || !TryReadLetters(ref reader))
            return StoreProblem.Malformed;
        problem = ReadChanges(ref reader, payload);
        return problem == StoreProblem.None && reader.Remaining > 0 ? StoreProblem.Malformed : problem;
    }

    private bool TryReadNumbers(ref MessagePackReader reader)
    {
        if (!reader.TryReadInt64(out var epoch) || !reader.TryReadInt64(out var from) || !reader.TryReadInt64(out var to))
            return false;
        if (!reader.TryReadBinary(out var hash) || hash.Length != StoreLimits.Sha256Bytes || !reader.TryReadInt64(out var words))
            return false;
        (Epoch, From, To, Words) = (epoch, from, to, words);
        hash.CopyTo(_prefixSha256);
        return epoch >= 1 && from >= 0 && to >= from && words >= 0;
    }

    private bool TryReadLetters(ref MessagePackReader reader)
    {
        if (!reader.TryReadArrayHeader(out var count))
            return false;
        var free = From;
        for (var i = 0; i < count; i++)
        {
            if (!StoreCommandReader.TryReadLetter(ref reader, out var letter) || letter.Offset < free)
                return false;
            free = letter.Offset + letter.Length;
            Letters.Add(letter);
        }

        return free <= To;
    }

    private StoreProblem ReadChanges(ref MessagePackReader reader, ReadOnlySpan<byte> payload)
    {
        if (!reader.TryReadMapHeader(out var count))
            return StoreProblem.Malformed;
        ReadOnlySpan<byte> last = default;
        for (var i = 0; i < count; i++)
        {
            var problem = StoreCommandReader.ReadKey(ref reader, out var key);
            if (problem != StoreProblem.None)
                return problem;
            var start = reader.Position - key.Length;
            if (!reader.TryReadInt64(out var delta) || last.SequenceCompareTo(key) >= 0)
                return StoreProblem.Malformed;
            Changes.Add(new(start, key.Length, delta));
            last = payload.Slice(start, key.Length);
        }

        return StoreProblem.None;
    }
}
