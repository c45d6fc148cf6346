using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// How the keys of a job's state are made: one ordered map holds all of it, and the first byte of a key says what it is of. Part of the
/// snapshot format.
/// </summary>
internal static class StateKeys
{
    /// <summary>[job]: sums that belong to no operator.</summary>
    public const byte Job = 1;

    /// <summary>[source, name]: where a partition stands.</summary>
    public const byte Partition = 2;

    /// <summary>[source, watermark, name]: the partitions that hold back the watermark, the furthest behind first.</summary>
    public const byte Behind = 3;

    /// <summary>[domain]: the watermark of a set of sources; [domain, 1]: while it moves, how far it is.</summary>
    public const byte Watermark = 4;

    /// <summary>[domain + 1, or 0 for log time; time; operator; what it is for]: timers in the order in which they are due.</summary>
    public const byte Timer = 5;

    /// <summary>[sink]: what a sink has been given. [sink, generation]: an older file of a file sink.</summary>
    public const byte Sink = 6;

    /// <summary>[sink, sequence]: what a sink is given, until it is forgotten.</summary>
    public const byte Output = 7;

    /// <summary>[sequence]: records that were set aside.</summary>
    public const byte DeadLetter = 8;

    /// <summary>[node]: what nodes can carry.</summary>
    public const byte Host = 9;

    /// <summary>[sink, sequence]: what a sink is to hand on again.</summary>
    public const byte Resend = 10;

    /// <summary>[operator, part, ...]: the state of operators.</summary>
    public const byte Operator = 16;

    /// <summary>The part of an operator's state that can be asked for as a table.</summary>
    public const byte Rows = 0;

    /// <summary>The longest key of a record in bytes.</summary>
    public const int MaxUserKey = 1024;

    /// <summary>How many bytes <see cref="WriteOperator"/> writes.</summary>
    public const int OperatorHead = 4;

    /// <summary>Begins the key of an operator's state.</summary>
    public static void WriteOperator(KeyBuffer key, int node, byte part)
    {
        key.Write(Operator);
        key.Write((ushort)node);
        key.Write(part);
    }

    /// <exception cref="PoisonRecordException">The key is too long.</exception>
    public static void CheckUserKey(int length)
    {
        if (length > MaxUserKey)
            throw new PoisonRecordException($"The key takes {length} bytes, and keys take {MaxUserKey} at the most.");
    }

    /// <summary>A number that <see cref="KeyBuffer.Write(long)"/> wrote at a place.</summary>
    public static long Int64At(ReadOnlySpan<byte> key, int at) => (long)(BinaryPrimitives.ReadUInt64BigEndian(key[at..]) ^ (1UL << 63));
}
