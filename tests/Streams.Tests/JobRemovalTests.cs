using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting;
using RaftStream.Hosting.Streams;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>A program of one node that is started with other jobs than before.</summary>
[TestFixture]
internal sealed class JobRemovalTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private string _members = "";

    [SetUp]
    public void FindPort() => _members = FormattableString.Invariant($"1=127.0.0.1:{Ports.Find(1)[0]}");

    private IHost Start(string data, IEnumerable<Job> jobs, SaidLines? errors = null)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        if (errors is not null)
            builder.Logging.AddProvider(errors).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddRaftStream(options =>
        {
            (options.Members, options.Data) = (_members, data);
            options.SnapshotAfterBytes = 65_536;
            foreach (var job in jobs)
                options.Jobs.Add(job);
        });
        return builder.Build();
    }

    private static Job Count(string path, out Table<string, long> counts)
    {
        var builder = new StreamBuilder("words");
        counts = builder.From("text", Sources.Lines(path)).KeyBy(static line => line).Count("counts");
        return builder.Build();
    }

    [Test]
    public async Task AProgramWithoutTheJobsOfItsLogStopsAndTheJobIsThereWhenTheyComeBack()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("text"), "whale\nwhale\n");
        using (var first = Start(folder.File("data"), [Count(folder.File("text"), out _)]))
        {
            await first.StartAsync();
            await first.Services.GetRequiredService<StreamJobs>().WaitForEndAsync(Count(folder.File("text"), out _)).WaitAsync(Limit);
            await first.StopAsync();
        }

        using (var without = Start(folder.File("data"), []))
        {
            await without.StartAsync();
            var sentence = await without.Services.GetRequiredService<RaftStreamReplica>().Node.Stopped.WaitAsync(Limit);
            Assert.That(sentence, Does.Contain("The log has begun job 'words', which this program does not define: run the program that the others run."));
            await without.StopAsync();
        }

        using var again = Start(folder.File("data"), [Count(folder.File("text"), out var counts)]);
        await again.StartAsync();
        var jobs = again.Services.GetRequiredService<StreamJobs>();
        await Eventually.HoldsAsync(async () => (await jobs.GetAsync(counts, "whale")).Value == 2, "the whales that were counted are there", Limit);
        await again.StopAsync();
    }

    [Test]
    public async Task PartialAggregatesThatBecomeTooLargeForACommandGoInSmallerBatches()
    {
        // 400 lines of 20,000 bytes, of which a batch keeps all: 8 MB, where a command takes 2.
        using var folder = new TemporaryFolder();
        await File.WriteAllLinesAsync(folder.File("text"), Enumerable.Range(0, 400).Select(static number => $"{number % 50:D2}{new string('x', 20_000)}"));
        var builder = new StreamBuilder("longest");
        var longest = builder.From("text", Sources.Lines(folder.File("text"))).Map(static line => line).KeyBy(static line => line[..2]).Combined().Aggregate("newest", Aggregations.Top<string>(10, static _ => 0));
        var job = builder.Build();
        using var host = Start(folder.File("data"), [job]);
        await host.StartAsync();
        var jobs = host.Services.GetRequiredService<StreamJobs>();
        await jobs.WaitForEndAsync(job).WaitAsync(Limit);
        Assert.That((await jobs.GetAsync(longest, "07")).Value, Has.Count.EqualTo(8));
        await host.StopAsync();
    }

    [Test]
    public async Task ARecordThatAloneIsTooLargeForACommandIsTold()
    {
        using var folder = new TemporaryFolder();
        var errors = new SaidLines();
        await File.WriteAllTextAsync(folder.File("text"), "large\n");
        var builder = new StreamBuilder("large");
        builder.From("text", Sources.Lines(folder.File("text"))).FlatMap(static line => Enumerable.Range(0, 300).Select(static number => $"{number}{new string('x', 20_000)}")).KeyBy(static text => text[..20]).Combined().Aggregate("newest", Aggregations.Top<string>(1000, static _ => 0));
        using var host = Start(folder.File("data"), [builder.Build()], errors);
        await host.StartAsync();
        await Eventually.HoldsAsync(() => errors.Warnings.Any(static line => line.Contains("One record becomes", StringComparison.Ordinal)), "the reader says why it does not go on", Limit);
        await host.StopAsync();
    }
}
