using System.Globalization;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>Nodes go and come while files grow: every line counts once, and what was read at a node that is gone is read at another.</summary>
[TestFixture]
internal sealed class JobFailoverTests
{
    private const int Files = 4;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Prepare()
    {
        _folder = new();
        for (var file = 0; file < Files; file++)
            File.WriteAllText(_folder.File($"{file}.log"), "");
    }

    [TearDown]
    public void Clear() => _folder.Dispose();

    [Test]
    public async Task EveryLineCountsOnceWhicheverNodeGoes()
    {
        var table = Counting(out _);
        await using var cluster = await JobCluster.StartAsync(() => [CountingJob()]);
        var written = new SortedDictionary<string, long>(StringComparer.Ordinal);
        await AppendAsync(written, 0);
        await Eventually.HoldsAsync(async () => await CountsAsync(cluster, table, 0) is { } rows && rows.SequenceEqual(written), "what is written first is counted", Limit);
        for (var round = 1; round <= 3; round++)
        {
            // The leader, or in the second round the node that reads the most.
            var gone = -1;
            await Eventually.HoldsAsync(
                async () =>
                {
                    gone = round == 2 ? ((await HoldersAsync(cluster, 0)).GroupBy(static holder => holder).MaxBy(static group => group.Count())?.Key ?? 0) - 1 : cluster.Leader;
                    return gone >= 0;
                },
                $"round {round}: somebody leads and all that is read has a reader",
                Limit);
            await AppendAsync(written, round);
            await cluster.StopAsync(gone);
            await AppendAsync(written, round);
            var witness = Alive(gone);
            await Eventually.HoldsAsync(async () => await CountsAsync(cluster, table, witness) is { } rows && rows.SequenceEqual(written), $"round {round}: everything is counted, once", Limit);
            await Eventually.HoldsAsync(async () => !(await HoldersAsync(cluster, witness)).Contains(gone + 1), $"round {round}: node {gone + 1} has no lease any more", Limit);
            await Eventually.HoldsAsync(() => Task.FromResult(cluster.Figures(witness, "lines").LastFailure is { } failure && failure.Stall > TimeSpan.Zero && failure.What.Contains("instead of node", StringComparison.Ordinal)), $"round {round}: the figures tell of it", Limit);
            await cluster.StartAsync(gone);
        }

        for (var place = 0; place < 3; place++)
        {
            var at = place;
            await Eventually.HoldsAsync(async () => await CountsAsync(cluster, table, at) is { } rows && rows.SequenceEqual(written), $"node {place + 1} has them all", Limit);
        }
    }

    [Test]
    public async Task PartitionsAreSpreadOverTheNodes()
    {
        await using var cluster = await JobCluster.StartAsync(() => [CountingJob()]);
        await Eventually.HoldsAsync(
            async () => (await HoldersAsync(cluster, 0)) is { Count: Files } holders && holders.Distinct().Count() == 3 && holders.GroupBy(static holder => holder).All(static group => group.Count() <= 2), "four partitions lie on three nodes", Limit);
    }

    private static int Alive(int gone) => gone == 0 ? 1 : 0;

    private static async Task<SortedDictionary<string, long>?> CountsAsync(JobCluster cluster, Table<string, long> table, int place)
    {
        var answer = await cluster.Jobs(place).ListAsync(table);
        return answer is { Outcome: Outcome.Applied, Problem: null } ? new(answer.Rows.ToDictionary(static row => row.Key, static row => row.Value, StringComparer.Ordinal), StringComparer.Ordinal) : null;
    }

    private static async Task<List<int>> HoldersAsync(JobCluster cluster, int place)
    {
        var query = new System.Buffers.ArrayBufferWriter<byte>();
        JobQuery.WriteStatus(query, "lines");
        var answer = await cluster.Node(place).ReadLocalAsync(query.WrittenMemory);
        return answer.Outcome == Outcome.Applied && JobStatus.Read(answer.Reply.Span) is { } status ? [.. status.Partitions.Select(static partition => partition.At.Holder)] : [];
    }

    private Job CountingJob()
    {
        Counting(out var job);
        return job;
    }

    private Table<string, long> Counting(out Job job)
    {
        var builder = new StreamBuilder("lines");
        var table = builder.From("logs", Sources.Lines(_folder.Path, new() { Follow = true, PollInterval = TimeSpan.FromMilliseconds(20) })).KeyBy(static line => line).Count("lines");
        job = builder.Build();
        return table;
    }

    /// <summary>Writes lines to all files: few different ones, so that each count goes up again and again.</summary>
    private async Task AppendAsync(SortedDictionary<string, long> written, int round)
    {
        for (var file = 0; file < Files; file++)
        {
            var lines = Enumerable.Range(0, 500).Select(number => string.Create(CultureInfo.InvariantCulture, $"{(number * (file + 3)) % (20 + round)}")).ToList();
            await File.AppendAllLinesAsync(_folder.File($"{file}.log"), lines);
            foreach (var line in lines)
                written[line] = written.GetValueOrDefault(line) + 1;
        }
    }
}
