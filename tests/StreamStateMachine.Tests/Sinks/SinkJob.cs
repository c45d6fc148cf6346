using System.Globalization;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>
/// A job that writes the count of each record's key to a file. A record is "key" or "key/bytes", the latter for a line of so many bytes; one that begins with "poison" is called poison behind the sink, when the sink
/// has its line already.
/// </summary>
internal static class SinkJob
{
    public const string Sink = "out.txt";

    public static Job Build(int keep = 2, long rotateBytes = FileSinkOptions.MinRotateBytes, JobOptions? options = null)
    {
        var builder = new StreamBuilder("job", options);
        var changes = builder.Ingest("in").KeyBy(static record => record).Count("counts").ToStream();
        changes.ToFile(Sink, static change => LineOf(change.Key, change.Value), new() { Keep = keep, RotateBytes = rotateBytes });
        changes.Map(static change => change.Key.StartsWith("poison", StringComparison.Ordinal) ? throw new PoisonRecordException("It says so itself.") : change.Value).ToSubscription("behind", keep: 1);
        return builder.Build();
    }

    public static string NameOf(long generation) => $"job-out-{generation:D6}.txt";

    /// <summary>A line without its end.</summary>
    public static string LineOf(string record, long count)
    {
        var slash = record.IndexOf('/', StringComparison.Ordinal);
        var size = slash < 0 ? 0 : int.Parse(record.AsSpan(slash + 1), CultureInfo.InvariantCulture) - 1;
        return $"{record} {count}".PadRight(size, '.');
    }

    /// <summary>What the folder must hold after these records, computed without anything of the sink's.</summary>
    public static IReadOnlyList<(string Name, string Text)> Expect(IEnumerable<string> records, int keep = 2, long rotateBytes = FileSinkOptions.MinRotateBytes)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var files = new List<string>();
        foreach (var record in records.Where(static record => !record.StartsWith("poison", StringComparison.Ordinal)))
        {
            counts[record] = counts.GetValueOrDefault(record) + 1;
            var line = LineOf(record, counts[record]) + "\n";
            if (files.Count == 0 || files[^1].Length + line.Length > rotateBytes)
                files.Add("");
            files[^1] += line;
        }

        return [.. files.Select(static (text, i) => (NameOf(i + 1), text)).TakeLast(keep)];
    }
}
