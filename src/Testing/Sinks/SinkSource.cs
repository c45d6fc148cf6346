using System.Text;

namespace RaftStream.Testing;

/// <summary>A small job with a file sink, its source, and what the sink's files must hold, computed from the source's records alone.</summary>
internal static class SinkSource
{
    public const string Source = "numbers";
    public const string Partition = "all";
    public const int Keep = 2;

    private const int Keys = 5;
    private const int PoisonEvery = 7;
    private const long RotateBytes = FileSinkOptions.MinRotateBytes;

    public static Job Job { get; } = Build();

    /// <summary>A record of the source; the first has the number 0.</summary>
    public static string Record(long number) => $"{(number % PoisonEvery == 3 ? "poison" : "key")}{number % Keys}";

    /// <summary>What the folder of a replica must hold that has taken in so many records: names and contents.</summary>
    public static IReadOnlyList<(string Name, string Text)> Expect(long records)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var files = new List<(string, StringBuilder Text)>();
        for (var number = 0L; number < records; number++)
        {
            var key = Record(number);
            if (IsPoison(key))
                continue;
            counts[key] = counts.GetValueOrDefault(key) + 1;
            var line = Line(key, counts[key]);
            if (files.Count == 0 || files[^1].Text.Length + line.Length + 1 > RotateBytes)
                files.Add(($"job-lines-{files.Count + 1:D6}.txt", new()));
            files[^1].Text.Append(line).Append('\n');
        }

        return [.. files.TakeLast(Keep).Select(static file => (file.Item1, file.Text.ToString()))];
    }

    private static bool IsPoison(string key) => key.StartsWith("poison", StringComparison.Ordinal);

    /// <summary>Some thousand bytes for a few in the log: so there are many files, and the log stays short.</summary>
    private static string Line(string key, long count) => $"{key} {count}".PadRight(3000 + (int)(count * 37 % 2000), '.');

    private static Job Build()
    {
        var builder = new StreamBuilder("job");
        var changes = builder.Ingest(Source).KeyBy(static record => record).Count("counts").ToStream();
        changes.ToFile("lines.txt", static change => Line(change.Key, change.Value), new() { Keep = Keep, RotateBytes = RotateBytes });

        // Behind the sink, which has its line by then: it must be taken back.
        changes.Map(static change => IsPoison(change.Key) ? throw new PoisonRecordException("It says so itself.") : change.Value).ToSubscription("behind", keep: 1);
        return builder.Build();
    }
}
