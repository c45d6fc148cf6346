using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting;
using RaftStream.Hosting.Streams;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>The five lines of the README count words, as they stand there.</summary>
[TestFixture]
internal sealed class ReadmeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Test]
    public async Task TheJobOfFiveLinesCountsWords()
    {
        using var folder = new TemporaryFolder();
        var current = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder.Path;
        try
        {
            await File.WriteAllTextAsync("moby-dick.txt", "the whale and\nthe other whale\nwhale\n");
            var builder = Host.CreateApplicationBuilder();
            builder.Logging.ClearProviders();

            // [the README's lines]
            var words = new StreamBuilder("words");
            var counts = words.From("text", Sources.Lines("moby-dick.txt")).FlatMap(line => line.Split(' ')).KeyBy(word => word).Count("counts");
            builder.Services.AddRaftStream(options => { options.Data = "data"; options.Jobs.Add(words.Build()); });
            using var host = builder.Build(); await host.StartAsync();
            var whales = await host.Services.GetRequiredService<StreamJobs>().GetAsync(counts, "whale");
            // [end of the README's lines]

            Assert.That(whales.Value, Is.InRange(0, 3), "as many as are counted by then");
            await Eventually.HoldsAsync(async () => (await host.Services.GetRequiredService<StreamJobs>().GetAsync(counts, "whale")).Value == 3, "all whales are counted", Limit);
            await host.StopAsync();
        }
        finally
        {
            Environment.CurrentDirectory = current;
        }
    }

    [Test]
    public void TheReadmeHasTheseLines()
    {
        var source = File.ReadAllLines(Here()).Select(static line => line.Trim()).SkipWhile(static line => line != "// [the README's lines]").Skip(1).TakeWhile(static line => line != "// [end of the README's lines]").ToList();
        Assert.That(source, Has.Count.EqualTo(5));
        Assert.That(File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../README.md")), Does.Contain("```csharp\n" + string.Join('\n', source) + "\n```"));
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
