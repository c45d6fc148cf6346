namespace RaftStream.Hosting.Resp;

/// <summary>
/// A command as a person types it: words between blanks, in quotes where a word has blanks in it. Between double quotes <c>\n \r \t \b \a \\ \" \xHH</c> stand for one byte, between single ones
/// <c>\'</c> does, as in Redis (https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands).
/// </summary>
internal static class InlineArguments
{
    /// <summary>Reads a line, without its line feed; an empty one is no command. False: its quotes are not balanced.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, CommandArena arena)
    {
        var hasAny = false;
        while (true)
        {
            while (line.Length > 0 && IsBlank(line[0]))
                line = line[1..];
            if (line.IsEmpty)
                break;
            if (arena.CommandArguments >= RespLimits.MaxArguments)
                arena.Mark(RespFault.TooManyArguments);
            if (!TryReadWord(ref line, arena))
                return false;
            arena.EndArgument();
            hasAny = true;
        }

        if (hasAny)
            arena.EndCommand();
        return true;
    }

    private static bool TryReadWord(ref ReadOnlySpan<byte> line, CommandArena arena)
    {
        while (line.Length > 0 && !IsBlank(line[0]))
        {
            var first = line[0];
            if (first is not ((byte)'"' or (byte)'\''))
            {
                arena.Append(line[..1]);
                line = line[1..];
                continue;
            }

            line = line[1..];
            if (!TryReadQuoted(ref line, first, arena))
                return false;

            // What follows a closing quote must be a blank: as Redis has it, "a"b is an error.
            if (line.Length > 0 && !IsBlank(line[0]))
                return false;
        }

        return true;
    }

    private static bool TryReadQuoted(ref ReadOnlySpan<byte> line, byte quote, CommandArena arena)
    {
        while (line.Length > 0)
        {
            if (line[0] == quote)
            {
                line = line[1..];
                return true;
            }

            var (value, length) = line[0] == '\\' && line.Length > 1 ? Escaped(line, quote) : (line[0], 1);
            arena.Append([value]);
            line = line[length..];
        }

        return false;
    }

    private static (byte Value, int Length) Escaped(ReadOnlySpan<byte> line, byte quote)
    {
        if (quote == '\'')
            return line[1] == '\'' ? (line[1], 2) : (line[0], 1);
        if (line[1] == 'x' && line.Length > 3 && char.IsAsciiHexDigit((char)line[2]) && char.IsAsciiHexDigit((char)line[3]))
            return ((byte)((HexOf(line[2]) * 16) + HexOf(line[3])), 4);
        return line[1] switch
        {
            (byte)'n' => ((byte)'\n', 2),
            (byte)'r' => ((byte)'\r', 2),
            (byte)'t' => ((byte)'\t', 2),
            (byte)'b' => ((byte)'\b', 2),
            (byte)'a' => ((byte)'\a', 2),
            var other => (other, 2),
        };
    }

    private static int HexOf(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 11 or 12 or 0;
}
