using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The first value of an operation of a batch. Part of the command's layout: numbers are never given to something else.</summary>
internal enum BatchOpcode : byte
{
    /// <summary>[1, key, value]</summary>
    Set = 1,

    /// <summary>[2, key, delta]</summary>
    Increment = 2,

    /// <summary>[3, key]</summary>
    Delete = 3,

    /// <summary>[4, key]</summary>
    Get = 4,

    /// <summary>[5, {key: value ...}], keys in strict order of their bytes, so that none comes twice</summary>
    SetAll = 5,
}

/// <summary>One operation of a batch as it stands in the command's bytes; the pairs of a SetAll are still to be read.</summary>
internal ref struct BatchOperation
{
    /// <summary>What to do.</summary>
    public BatchOpcode Opcode;

    /// <summary>With which key; empty for a SetAll.</summary>
    public ReadOnlySpan<byte> Key;

    /// <summary>What to set it to.</summary>
    public ReadOnlySpan<byte> Value;

    /// <summary>What to add to it.</summary>
    public long Delta;

    /// <summary>How many pairs follow.</summary>
    public int Pairs;

    /// <summary>Reads an operation up to its pairs, or says why its command must be declined.</summary>
    public static StoreProblem Read(scoped ref MessagePackReader reader, out BatchOperation operation)
    {
        operation = default;
        if (!reader.TryReadArrayHeader(out var count) || !reader.TryReadUInt64(out var code))
            return StoreProblem.Malformed;
        operation.Opcode = (BatchOpcode)Math.Min(code, byte.MaxValue);
        switch (operation.Opcode, count)
        {
            case (BatchOpcode.Set, 3):
                return ReadPair(ref reader, out operation.Key, out operation.Value);
            case (BatchOpcode.Increment, 3):
                var problem = StoreCommandReader.ReadKey(ref reader, out operation.Key);
                return problem == StoreProblem.None && !reader.TryReadInt64(out operation.Delta) ? StoreProblem.Malformed : problem;
            case (BatchOpcode.Delete or BatchOpcode.Get, 2):
                return StoreCommandReader.ReadKey(ref reader, out operation.Key);
            case (BatchOpcode.SetAll, 2):
                return reader.TryReadMapHeader(out operation.Pairs) ? StoreProblem.None : StoreProblem.Malformed;
            default:
                return StoreProblem.Malformed;
        }
    }

    /// <summary>Reads a key and a value.</summary>
    public static StoreProblem ReadPair(scoped ref MessagePackReader reader, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        value = default;
        var problem = StoreCommandReader.ReadKey(ref reader, out key);
        if (problem != StoreProblem.None)
            return problem;
        return reader.TryReadBinary(out value) && value.Length <= StoreLimits.MaxValueBytes ? StoreProblem.None : StoreProblem.Malformed;
    }
}
