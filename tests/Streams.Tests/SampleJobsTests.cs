using System.Globalization;
using System.Runtime.CompilerServices;
using RaftStream.Hosting.Streams;
using RaftStream.Node.Tests.Support;
using RaftStream.Samples;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>The sample jobs over the sample data, on three nodes, compared with a plain evaluation of the same files.</summary>
[TestFixture]
internal sealed class SampleJobsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private WordCountJob _words = null!;
    private ReducedWordsJob _reduced = null!;
    private SensorJob _sensor = null!;
    private TaxiJob _taxi = null!;
    private TemporaryFolder _folder = null!;
    private JobCluster _cluster = null!;

    /// <summary>The machine's readings, of which those of two hours are missing: the file as it is has no gap but what the clocks make.</summary>
    private string Readings => _folder.File("machine_temperature.csv");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _folder = new();
        await File.WriteAllLinesAsync(Readings, File.ReadLines(Data("machine_temperature.csv")).Where(static line => !line.StartsWith("2013-12-20 13:", StringComparison.Ordinal) && !line.StartsWith("2014-01-09 0", StringComparison.Ordinal)));
        (_words, _reduced, _sensor, _taxi) = (new(Data("moby-dick.txt")), new(Data("moby-dick.txt")), new(Readings), new(Data("nyc_taxi.csv")));
        _cluster = await JobCluster.StartAsync(() =>
            [new WordCountJob(Data("moby-dick.txt")).Job, new ReducedWordsJob(Data("moby-dick.txt")).Job, new SensorJob(Readings).Job, new TaxiJob(Data("nyc_taxi.csv")).Job]);
        using var limit = new CancellationTokenSource(Limit);
        foreach (var job in new[] { _words.Job, _reduced.Job, _sensor.Job, _taxi.Job })
        {
            for (var place = 0; place < 3; place++)
                await WaitForEndAsync(place, job, limit.Token);
        }
    }

    /// <summary>Where it does not end in time, the failure tells where the job stands.</summary>
    private async Task WaitForEndAsync(int place, Job job, CancellationToken limit)
    {
        try
        {
            await _cluster.Jobs(place).WaitForEndAsync(job, limit);
        }
        catch (OperationCanceledException)
        {
            using var http = new HttpClient();
            Assert.Fail(await http.GetStringAsync(new Uri($"{_cluster.Url(place)}/v1/streams/{job.Name}?consistency=eventual"), CancellationToken.None));
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task EveryWordOfTheNovelIsCountedOnceOnEveryNode()
    {
        var expected = PlainCount();
        for (var place = 0; place < 3; place++)
            Assert.That(await ReadAllAsync(_words.Counts, place), Is.EqualTo(expected.Select(static word => new Keyed<string, long>(word.Key, word.Value))));
    }

    [Test]
    public async Task TheTenMostFrequentWordsComeInOrder()
    {
        var expected = PlainCount().OrderByDescending(static word => word.Value).ThenBy(static word => word.Key, StringComparer.Ordinal).Take(10).Select(static (word, place) => (place + 1, word.Key, word.Value));
        var top = await ServedAsync(() => _cluster.Jobs(1).ListAsync(_words.Top));
        Assert.That(top.Rows.Select(static row => (row.Key, row.Value.Word, row.Value.Count)), Is.EqualTo(expected));
    }

    [Test]
    public async Task TheSortedMergeOfThePartitionsIsTheSameCountInTheOrderOfTheWords()
    {
        var rows = await ReadAllAsync(_reduced.Reduced, 2);
        var partitions = rows.GroupBy(static row => row.Key.Partition).Select(static partition => partition.Select(static row => (row.Key.Word, row.Value))).ToList();
        Assert.That(partitions, Has.Count.EqualTo(ReducedWordsJob.Partitions));
        var merged = ReducedWordsJob.Merge(partitions).ToList();
        Assert.That(merged, Is.EqualTo(PlainCount().OrderBy(static word => word.Key, StringComparer.Ordinal).Select(static word => (word.Key, word.Value))));
    }

    [Test]
    public async Task TheMeanAndMaximumOfEachHourByThePlantsClocksAreThoseOfTheFile()
    {
        var readings = PlainReadings().ToList();
        var hours = readings.GroupBy(static reading => reading.Time / 3_600_000 * 3_600_000).ToDictionary(static hour => hour.Key, static hour => (Mean: hour.Sum(static reading => reading.Value) / hour.Count(), Max: hour.Max(static reading => reading.Value)));
        var means = await ReadAllAsync(_sensor.Mean, 0);
        var maxima = await ReadAllAsync(_sensor.Max, 1);
        Assert.That(means.Select(static row => row.Key.Window.Start), Is.EqualTo(hours.Keys.Order()));
        Assert.That(means.Select(static row => row.Value), Is.EqualTo(means.Select(row => hours[row.Key.Window.Start].Mean)));
        Assert.That(maxima.Select(static row => row.Value), Is.EqualTo(maxima.Select(row => hours[row.Key.Window.Start].Max)));
    }

    [Test]
    public async Task ReadingsFarFromThoseOfTheDayBeforeThemAreTold()
    {
        var readings = PlainReadings().ToList();
        var expected = new List<string>();
        var (oldest, count) = (0, 0);
        for (var at = 0; at < readings.Count; at++)
        {
            while (readings[oldest].Time < readings[at].Time - 86_400_000)
                oldest++;
            count = at - oldest + 1;
            var window = readings.GetRange(oldest, count).Select(static reading => reading.Value).ToList();
            var mean = window.Sum() / count;
            var variance = (window.Sum(static value => value * value) / count) - (mean * mean);
            var score = variance > 1e-9 ? (readings[at].Value - mean) / Math.Sqrt(variance) : 0;
            if (Math.Abs(score) >= SensorJob.AlertScore)
                expected.Add(string.Create(CultureInfo.InvariantCulture, $"{readings[at].Time} {score:F2}"));
        }

        Assert.That(expected, Is.Not.Empty);
        Assert.That(await OutputsAsync("sensor", "alerts", expected.Count), Is.EqualTo(expected));
    }

    [Test]
    public async Task GapsAreReportedAndTheRepeatedHourIsNone()
    {
        var readings = PlainReadings().ToList();
        var expected = readings.Zip(readings.Skip(1)).Where(static pair => pair.Second.Time - pair.First.Time > SensorJob.LongestPause.TotalMilliseconds).Select(static pair => $"{pair.First.Time} {pair.Second.Time}").ToList();
        Assert.That(expected, Has.Count.EqualTo(2));
        Assert.That(await OutputsAsync("sensor", "gaps", expected.Count), Is.EqualTo(expected));
    }

    [Test]
    public async Task EachDayOfTaxiRidesIsComparedWithThatOfTheWeekBefore()
    {
        var rides = Rows(Data("nyc_taxi.csv")).Select(static row => (Time: Utc(row[0]), Passengers: long.Parse(row[1], CultureInfo.InvariantCulture))).ToList();
        const long Day = 86_400_000;
        var sums = new SortedDictionary<long, long>();
        foreach (var (time, passengers) in rides)
        {
            for (var start = (time / (Day / 4) * (Day / 4)) - (Day * 3 / 4); start <= time; start += Day / 4)
                sums[start] = sums.GetValueOrDefault(start) + passengers;
        }

        var expected = sums.Where(day => sums.ContainsKey(day.Key - (7 * Day))).Select(day => $"{day.Key} {day.Value} {sums[day.Key - (7 * Day)]}").ToList();
        Assert.That(await OutputsAsync("taxi", "compared", expected.Count), Is.EqualTo(expected));
    }

    [Test]
    public void AllReplicasHaveTheSameState() => Assert.That(
        async () =>
        {
            await Eventually.HoldsAsync(() => Task.FromResult(Enumerable.Range(0, 3).Select(place => _cluster.Node(place).Status.Applied).Distinct().Count() == 1), "the replicas have applied the same", Limit);
            return Enumerable.Range(0, 3).Select(place => _cluster.Node(place).Status.StateHash).Distinct().Count();
        },
        Is.EqualTo(1));

    private static string Data(string file, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../samples/data", file));

    private static SortedDictionary<string, long> PlainCount()
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (System.Text.RegularExpressions.Match word in System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(Data("moby-dick.txt")), @"\p{L}+"))
        {
            var key = word.Value.ToLowerInvariant();
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        return counts;
    }

    private static IEnumerable<string[]> Rows(string file) => File.ReadLines(file).Skip(1).Select(static line => line.Split(','));

    private static long Utc(string text) => new DateTimeOffset(DateTime.Parse(text, CultureInfo.InvariantCulture), TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>The readings with their times in UTC: an hour ahead until the clocks went back, which is at the second reading of 2014-01-07 02:00.</summary>
    private IEnumerable<(long Time, double Value)> PlainReadings()
    {
        var (isSummer, last) = (true, long.MinValue);
        foreach (var row in Rows(Readings))
        {
            var local = Utc(row[0]);
            isSummer &= local >= last;
            last = local;
            yield return (local - (isSummer ? 3_600_000 : 0), double.Parse(row[1], CultureInfo.InvariantCulture));
        }
    }

    private async Task<List<Keyed<TKey, TValue>>> ReadAllAsync<TKey, TValue>(Table<TKey, TValue> table, int place)
    {
        var rows = new List<Keyed<TKey, TValue>>();
        var read = await ServedAsync(() => _cluster.Jobs(place).ListAsync(table));
        while (true)
        {
            rows.AddRange(read.Rows);
            if (read.IsAll)
                return rows;
            var behind = read.Rows[^1].Key;
            read = await ServedAsync(() => _cluster.Jobs(place).ListBehindAsync(table, behind));
        }
    }

    /// <summary>A linearizable read, asked again where there was no leader for a moment: machines under load change theirs.</summary>
    private static async Task<RowsAnswer<TKey, TValue>> ServedAsync<TKey, TValue>(Func<ValueTask<RowsAnswer<TKey, TValue>>> ask)
    {
        RowsAnswer<TKey, TValue> answer = default;
        await Eventually.HoldsAsync(async () => (answer = await ask()).Outcome == Outcome.Applied, "the rows are read", Limit);
        Assert.That(answer.Problem, Is.Null);
        return answer;
    }

    private async Task<List<string>> OutputsAsync(string job, string sink, int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        var outputs = new List<string>();
        if (count == 0)
            return outputs;
        await foreach (var output in _cluster.Jobs(2).SubscribeAsync(job, sink, cancellationToken: limit.Token))
        {
            Assert.That(output.Sequence, Is.EqualTo(outputs.Count + 1), "no output is missing or told twice");
            outputs.Add(output.Text);
            if (outputs.Count == count)
                break;
        }

        return outputs;
    }
}
