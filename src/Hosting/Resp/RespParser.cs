using System.Buffers;
using System.Buffers.Text;

namespace RaftStream.Hosting.Resp;

/// <summary>
/// Reads commands as Redis clients send them (https://redis.io/docs/latest/develop/reference/protocol-spec/): arrays of bulk strings, or a line of words. It goes on in the middle of an
/// argument, so that no byte is looked at twice and nothing is kept of what is too long. One a connection.
/// </summary>
internal sealed class RespParser(CommandArena arena)
{
    private const byte Cr = (byte)'\r';
    private const byte Lf = (byte)'\n';

    // The longest line of a length: a type, a sign, digits.
    private const int MaxLengthLine = 32;

    private State _state;
    private int _argumentsLeft;
    private int _bulkLeft;
    private bool _skips;

    /// <summary>What is read next.</summary>
    private enum State : byte
    {
        Command,
        Length,
        Bulk,
        BulkEnd,
    }

    /// <summary>Whether its client has said who it is: until then it may send little.</summary>
    public bool IsKnown { get; set; }

    /// <summary>
    /// Reads on until there are enough commands or the bytes end. Null, or the sentence of a protocol error, behind which nothing can be read any more.
    /// </summary>
    /// <param name="buffer">The bytes; what was read is sliced away.</param>
    /// <param name="isEnough">Whether there may be more commands in what is left. Of a client that is not known one is read at a time: it may say who it is with it.</param>
    public string? Read(ref ReadOnlySequence<byte> buffer, out bool isEnough)
    {
        var reader = new SequenceReader<byte>(buffer);
        string? error = null;
        isEnough = false;
        while (error is null && !reader.End && !(isEnough = arena.IsFull || (!IsKnown && arena.Count > 0)))
        {
            var before = reader.Consumed;
            error = _state switch
            {
                State.Command => ReadCommand(ref reader),
                State.Length => ReadLength(ref reader),
                State.Bulk => ReadBulk(ref reader),
                _ => ReadBulkEnd(ref reader),
            };
            if (reader.Consumed == before)
                break;
        }

        buffer = buffer.Slice(reader.Position);
        return error;
    }

    private string? ReadCommand(ref SequenceReader<byte> reader)
    {
        if (!reader.TryPeek(out var first))
            return null;
        if (first != '*')
            return ReadInline(ref reader);
        if (!TryReadNumber(ref reader, "multibulk", out var count, out var error))
            return error;
        if (count > RespLimits.MaxAnnouncedArguments)
            return "Protocol error: invalid multibulk length";
        if (!IsKnown && count > RespLimits.MaxArgumentsUnknown)
            return "Protocol error: unauthenticated multibulk length";
        if (count <= 0)
            return null;
        if (count > RespLimits.MaxArguments)
            arena.Mark(RespFault.TooManyArguments);
        (_argumentsLeft, _state) = ((int)count, State.Length);
        return null;
    }

    private string? ReadLength(ref SequenceReader<byte> reader)
    {
        if (reader.TryPeek(out var first) && first != '$')
            return $"Protocol error: expected '$', got '{(first is > 32 and < 127 ? (char)first : '?')}'";
        if (!TryReadNumber(ref reader, "bulk", out var length, out var error))
            return error;
        if (length is < 0 or > RespLimits.MaxAnnouncedBulk)
            return "Protocol error: invalid bulk length";
        if (!IsKnown && length > RespLimits.MaxBulkUnknown)
            return "Protocol error: unauthenticated bulk length";
        if (length > RespLimits.MaxBulk)
            arena.Mark(RespFault.ArgumentTooLong);
        else if (arena.CommandBytes + length > RespLimits.MaxCommandBytes)
            arena.Mark(RespFault.TooLarge);

        // The name stays, so that the error can tell it.
        _skips = arena.IsFaulty && (arena.CommandArguments > 0 || length > RespLimits.MaxBulk);
        (_bulkLeft, _state) = ((int)length, State.Bulk);
        return null;
    }

    private string? ReadBulk(ref SequenceReader<byte> reader)
    {
        while (_bulkLeft > 0 && !reader.End)
        {
            var part = reader.UnreadSpan;
            part = part[..Math.Min(part.Length, _bulkLeft)];
            if (!_skips)
                arena.Append(part);
            reader.Advance(part.Length);
            _bulkLeft -= part.Length;
        }

        if (_bulkLeft == 0)
            _state = State.BulkEnd;
        return _bulkLeft == 0 && !reader.End ? ReadBulkEnd(ref reader) : null;
    }

    private string? ReadBulkEnd(ref SequenceReader<byte> reader)
    {
        if (reader.Remaining < 2)
            return null;
        if (!reader.IsNext(Cr, advancePast: true) || !reader.IsNext(Lf, advancePast: true))
            return "Protocol error: a bulk string does not end where its length says";
        if (!_skips)
            arena.EndArgument();
        _argumentsLeft--;
        _state = _argumentsLeft == 0 ? State.Command : State.Length;
        if (_argumentsLeft == 0)
            arena.EndCommand();
        return null;
    }

    private string? ReadInline(ref SequenceReader<byte> reader)
    {
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, Lf))
            return reader.Remaining > RespLimits.MaxInline ? "Protocol error: too big inline request" : null;
        if (line.Length > RespLimits.MaxInline)
            return "Protocol error: too big inline request";
        return InlineArguments.TryRead(line.ToArray(), arena) ? null : "Protocol error: unbalanced quotes in request";
    }

    /// <summary>Reads a line of a type's byte and a number. False without an error: it is not whole yet.</summary>
    private static bool TryReadNumber(ref SequenceReader<byte> reader, string what, out long number, out string? error)
    {
        (number, error) = (0, null);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, Lf))
        {
            error = reader.Remaining > MaxLengthLine ? $"Protocol error: too big {what} count string" : null;
            return false;
        }

        Span<byte> text = stackalloc byte[MaxLengthLine];
        if (line.Length is < 2 or > MaxLengthLine)
        {
            error = $"Protocol error: invalid {what} length";
            return false;
        }

        line.CopyTo(text);
        text = text[1..(int)line.Length];
        if (text[^1] == Cr && Utf8Parser.TryParse(text[..^1], out number, out int used) && used == text.Length - 1)
            return true;
        error = $"Protocol error: invalid {what} length";
        return false;
    }
}
