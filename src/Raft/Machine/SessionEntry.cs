using System.Buffers.Binary;
using System.Globalization;

namespace RaftStream.Raft;

/// <summary>A client session: the index of the entry that opened it, so no two ever have the same.</summary>
public readonly record struct SessionId(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A command within a session: applied at most once, however often it is sent.</summary>
/// <param name="Session">Whose command.</param>
/// <param name="Sequence">Its number in the session, from 1, chosen by the client; the same for every attempt.</param>
/// <param name="AcknowledgedUpTo">
/// The client has the answers to all sequences up to here, or gave them up, and will not ask for them again: from 0 to
/// <paramref name="Sequence"/> - 1. Their replies are forgotten.
/// </param>
/// <param name="Payload">The bytes for the state machine.</param>
public readonly record struct SessionCommand(SessionId Session, long Sequence, long AcknowledgedUpTo, ReadOnlyMemory<byte> Payload);

/// <summary>What an entry of kind <see cref="EntryKind.Session"/> does.</summary>
internal enum SessionOperation : byte
{
    /// <summary>Opens a session, whose id is this entry's index.</summary>
    Open = 1,

    /// <summary>A command within a session.</summary>
    Command = 2,

    /// <summary>Ends a session.</summary>
    Close = 3,
}

/// <summary>The payload of an entry of kind <see cref="EntryKind.Session"/>; which fields count depends on the operation.</summary>
/// <remarks>
/// Little-endian. 0: operation (u8). 1: zeros (7). 8: open: idle timeout in nanoseconds (i64); command and close: session (i64). A
/// command goes on with 16: sequence (i64). 24: acknowledged up to (i64). 32: the bytes for the state machine, to the end. Open and
/// close end at 16.
/// </remarks>
internal readonly record struct SessionEntry
{
    /// <summary>Where a command's own bytes begin.</summary>
    public const int CommandHeaderSize = 32;

    /// <summary>The size of an entry that opens or closes a session.</summary>
    public const int ShortSize = 16;

    /// <summary>The shortest idle timeout: 1 ms of log time.</summary>
    public static readonly TimeSpan MinIdleTimeout = TimeSpan.FromMilliseconds(1);

    /// <summary>The longest idle timeout: 30 days of log time.</summary>
    public static readonly TimeSpan MaxIdleTimeout = TimeSpan.FromDays(30);

    public SessionOperation Operation { get; private init; }

    /// <summary>Command, close: which session.</summary>
    public SessionId Session { get; private init; }

    /// <summary>Open: log time without an entry of the session after which it ends, in nanoseconds.</summary>
    public long IdleTimeout { get; private init; }

    /// <summary>Command: its number.</summary>
    public long Sequence { get; private init; }

    /// <summary>Command: up to where the client has its answers.</summary>
    public long AcknowledgedUpTo { get; private init; }

    /// <summary>Opens a session.</summary>
    public static byte[] Open(TimeSpan idleTimeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(idleTimeout, MinIdleTimeout);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(idleTimeout, MaxIdleTimeout);
        return Short(SessionOperation.Open, idleTimeout.Ticks * TimeSpan.NanosecondsPerTick);
    }

    /// <summary>Closes a session.</summary>
    public static byte[] Close(SessionId session) => Short(SessionOperation.Close, session.Value);

    /// <summary>A command within a session.</summary>
    public static byte[] Command(in SessionCommand command)
    {
        var bytes = new byte[CommandHeaderSize + command.Payload.Length];
        bytes[0] = (byte)SessionOperation.Command;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), command.Session.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), command.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), command.AcknowledgedUpTo);
        command.Payload.Span.CopyTo(bytes.AsSpan(CommandHeaderSize));
        return bytes;
    }

    /// <summary>Reads a payload. False: it is none, or out of range; nothing is thrown for any bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out SessionEntry entry)
    {
        entry = default;
        if (payload.Length < ShortSize || (BinaryPrimitives.ReadUInt64LittleEndian(payload) & ~0xFFUL) != 0)
            return false;
        var number = BinaryPrimitives.ReadInt64LittleEndian(payload[8..]);
        entry = new() { Operation = (SessionOperation)payload[0], Session = new(number), IdleTimeout = number };
        return entry.Operation switch
        {
            SessionOperation.Open => payload.Length == ShortSize && IsIdleTimeout(number),
            SessionOperation.Close => payload.Length == ShortSize,
            SessionOperation.Command => TryReadCommand(payload, ref entry),
            _ => false,
        };
    }

    /// <summary>Whether an idle timeout in nanoseconds is in range.</summary>
    public static bool IsIdleTimeout(long nanoseconds) =>
        nanoseconds >= MinIdleTimeout.Ticks * TimeSpan.NanosecondsPerTick && nanoseconds <= MaxIdleTimeout.Ticks * TimeSpan.NanosecondsPerTick;

    private static bool TryReadCommand(ReadOnlySpan<byte> payload, ref SessionEntry entry)
    {
        if (payload.Length < CommandHeaderSize)
            return false;
        entry = entry with
        {
            Sequence = BinaryPrimitives.ReadInt64LittleEndian(payload[16..]),
            AcknowledgedUpTo = BinaryPrimitives.ReadInt64LittleEndian(payload[24..]),
        };
        return entry.AcknowledgedUpTo >= 0 && entry.AcknowledgedUpTo < entry.Sequence;
    }

    private static byte[] Short(SessionOperation operation, long number)
    {
        var bytes = new byte[ShortSize];
        bytes[0] = (byte)operation;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), number);
        return bytes;
    }
}
