using RaftStream.StreamStateMachine;

namespace RaftStream.Samples;

/// <summary>Counts the words of a text, and keeps the ten most frequent in order.</summary>
public sealed class WordCountJob
{
    public WordCountJob(string path, bool follow = false)
    {
        var builder = new StreamBuilder("word-count");
        Counts = builder.From("text", Sources.Lines(path, new() { Follow = follow })).FlatMap(Words).KeyBy(word => word).Combined().Count("counts");
        Top = Counts.Top("top", 10, count => count);
        Job = builder.Build();
    }

    public Job Job { get; }

    /// <summary>How often each word stands in the text.</summary>
    public Table<string, long> Counts { get; }

    /// <summary>The ten most frequent words by rank.</summary>
    public Table<int, (string Word, long Count)> Top { get; }

    /// <summary>The runs of letters in a line, in small letters.</summary>
    public static IEnumerable<string> Words(string line)
    {
        var start = -1;
        for (var at = 0; at <= line.Length; at++)
        {
            var isLetter = at < line.Length && char.IsLetter(line[at]);
            if (isLetter && start < 0)
                start = at;
            if (isLetter || start < 0)
                continue;
            yield return line[start..at].ToLowerInvariant();
            start = -1;
        }
    }
}
