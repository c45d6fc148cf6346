using System.Numerics;
using System.Text;
using System.Text.Json;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>A file sink in real programs: each has the same files, also one that was stopped, whose folder somebody changed, and which started again.</summary>
[TestFixture]
internal sealed class FileSinkTests
{
    private const int Records = 4_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Test]
    public async Task EveryProgramHasTheSameFilesAlsoAfterAStart()
    {
        await using var cluster = await JobCluster.StartAsync(static () => [Build()]);
        using var limit = new CancellationTokenSource(Limit);
        for (var place = 0; place < 3; place++)
            await cluster.Jobs(place).WaitForEndAsync(Build(), limit.Token);
        var expected = Expect();
        for (var place = 0; place < 3; place++)
            Assert.That(Files(cluster, place), Is.EqualTo(expected), $"program {place}");

        await CompareStatusAsync(cluster, expected[^1], limit.Token);

        await cluster.StopAsync(1);
        var name = expected[^1].Name;
        await File.AppendAllTextAsync(Path.Combine(cluster.Sinks(1), name), "not from here", limit.Token);
        await File.WriteAllTextAsync(Path.Combine(cluster.Sinks(1), "left over"), "x", limit.Token);
        await cluster.StartAsync(1);
        await cluster.Jobs(1).WaitForEndAsync(Build(), limit.Token);
        Assert.That(Files(cluster, 1), Is.EqualTo(expected));
    }

    [Test]
    public async Task AFileInPlaceOfTheFolderIsToldWithTheMend()
    {
        await using var cluster = await JobCluster.StartAsync(static () => [Build()], programs: 1);
        await cluster.StopAsync(0);
        Directory.Delete(cluster.Sinks(0), recursive: true);
        await File.WriteAllTextAsync(cluster.Sinks(0), "in the way");
        Assert.That(() => cluster.StartAsync(0), Throws.Exception.With.Message.EndsWith($"'{cluster.Sinks(0)}' is a file where a folder is needed: move it away."));
    }

    /// <summary>What a node tells over HTTP of its file sinks is what lies in its folder.</summary>
    private static async Task CompareStatusAsync(JobCluster cluster, (string Name, string Text) newest, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var bytes = Encoding.UTF8.GetBytes(newest.Text);
        for (var place = 0; place < 3; place++)
        {
            using var status = JsonDocument.Parse(await http.GetStringAsync(new Uri($"{cluster.Url(place)}/v1/streams/numbers"), cancellationToken));
            var file = status.RootElement.GetProperty("files").EnumerateArray().Single();
            Assert.That(
                (file.GetProperty("sink").GetString(), file.GetProperty("lines").GetInt64(), file.GetProperty("file").GetString(), file.GetProperty("bytes").GetInt64(), file.GetProperty("crc32C").GetString()),
                Is.EqualTo(("lines.txt", Records, newest.Name, bytes.Length, $"{~bytes.Aggregate(uint.MaxValue, BitOperations.Crc32C):x8}")));
        }
    }

    private static Job Build()
    {
        var builder = new StreamBuilder("numbers");
        builder.From("source", Sources.Generate(1, static (_, number) => number, count: Records)).ToFile("lines.txt", Line, new() { RotateBytes = FileSinkOptions.MinRotateBytes, Keep = 2 });
        return builder.Build();
    }

    private static string Line(long number) => FormattableString.Invariant($"number {number} of {Records}: {new string('.', (int)(number % 100))}");

    private static List<(string Name, string Text)> Expect()
    {
        var files = new List<string>();
        for (var number = 0; number < Records; number++)
        {
            var line = Line(number) + "\n";
            if (files.Count == 0 || files[^1].Length + line.Length > FileSinkOptions.MinRotateBytes)
                files.Add("");
            files[^1] += line;
        }

        return [.. files.Select(static (text, i) => (FormattableString.Invariant($"numbers-lines-{i + 1:D6}.txt"), text)).TakeLast(2)];
    }

    private static List<(string Name, string Text)> Files(JobCluster cluster, int place) =>
    [
        .. Directory.EnumerateFiles(cluster.Sinks(place)).Where(static path => !path.EndsWith(".lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(static path => (Path.GetFileName(path), File.ReadAllText(path))),
    ];
}
