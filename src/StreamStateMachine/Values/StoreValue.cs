namespace RaftStream.StreamStateMachine;

/// <summary>What a key holds.</summary>
public enum ValueKind : byte
{
    /// <summary>Nothing: there is no such key.</summary>
    None = 0,

    /// <summary>An integer of 64 bits with a sign, a counter.</summary>
    Integer = 1,

    /// <summary>Bytes, 0 to 65,536 of them.</summary>
    Bytes = 2,
}

/// <summary>What a key holds, as it was read.</summary>
/// <param name="Kind">Which of the two others tells it.</param>
/// <param name="Integer">The integer; 0 where there is none.</param>
/// <param name="Bytes">The bytes; empty where there are none.</param>
public readonly record struct StoreValue(ValueKind Kind, long Integer, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>An integer.</summary>
    internal static StoreValue Of(long integer) => new(ValueKind.Integer, integer, default);

    /// <summary>Bytes.</summary>
    internal static StoreValue Of(byte[] bytes) => new(ValueKind.Bytes, 0, bytes);
}
