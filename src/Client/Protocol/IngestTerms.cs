using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>
/// Lines that a producer hands in to a source of a job, numbered from the first on: [job, source, producer, first sequence, [line, line ...]]. Without lines it only asks where the producer stands.
/// </summary>
internal sealed record IngestTerms(string Job, string Source, string Producer, long First, IReadOnlyList<string> Lines)
{
    /// <summary>The most lines of a request.</summary>
    public const int MaxLines = 4_096;

    /// <summary>What the lines of a request may take together, each with <see cref="LineOverhead"/>: then it is no larger than one may be, whatever the names are.</summary>
    public const int MaxLinesBytes = 14_000;

    /// <summary>What a line takes beyond its bytes, at the most.</summary>
    public const int LineOverhead = 3;

    /// <summary>The longest line, in bytes of UTF-8.</summary>
    public const int MaxLineBytes = MaxLinesBytes - LineOverhead;

    /// <summary>The largest number of a first line: that of the last one is a number, too.</summary>
    public const long MaxFirst = long.MaxValue - MaxLines;

    /// <summary>Writes the values, without a head.</summary>
    public void Write(MessagePackWriter writer)
    {
        writer.WriteString(Job);
        writer.WriteString(Source);
        writer.WriteString(Producer);
        writer.Write(First);
        writer.WriteArrayHeader(Lines.Count);
        foreach (var line in Lines)
            writer.WriteString(line);
    }

    /// <summary>Reads the values; null and a sentence where they are none.</summary>
    public static IngestTerms? TryRead(ref MessagePackReader reader, out string? problem)
    {
        problem = null;
        if (!StreamNames.TryRead(ref reader, out var job))
            problem = StreamNames.Wrong("job");
        else if (!StreamNames.TryRead(ref reader, out var source))
            problem = StreamNames.Wrong("source");
        else if (!StreamNames.TryRead(ref reader, out var producer))
            problem = StreamNames.Wrong("producer");
        else if (!reader.TryReadInt64(out var first) || first is < 1 or > MaxFirst)
            problem = $"The sequence of the first line is no number from 1 to {MaxFirst}.";
        else if (!reader.TryReadArrayHeader(out var count) || count > MaxLines)
            problem = $"The lines are no array of up to {MaxLines}.";
        else if (ReadLines(ref reader, count, out problem) is { } lines)
            return new(job, source, producer, first, lines);
        return null;
    }

    private static string[]? ReadLines(ref MessagePackReader reader, int count, out string? problem)
    {
        problem = null;
        var lines = new string[count];
        var left = MaxLinesBytes;
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadString(MaxLineBytes, out var line) || line.Contains('\n', StringComparison.Ordinal))
            {
                problem = $"Line {i + 1} is no string of up to {MaxLineBytes} bytes of UTF-8 without a line feed.";
                return null;
            }

            left -= Encoding.UTF8.GetByteCount(line) + LineOverhead;
            lines[i] = line;
        }

        if (left >= 0)
            return lines;
        problem = $"The lines take more than {MaxLinesBytes} bytes with {LineOverhead} more for each: send fewer at a time.";
        return null;
    }
}
