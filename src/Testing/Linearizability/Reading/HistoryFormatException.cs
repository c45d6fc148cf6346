using System.Globalization;

namespace RaftStream.Testing;

/// <summary>A file is no history: the message is one sentence that names the line and says what to mend.</summary>
public sealed class HistoryFormatException(int line, string problem)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"Line {line} {problem}"))
{
    /// <summary>The line, from 1.</summary>
    public int Line { get; } = line;
}
