using System.Globalization;
using System.Runtime.CompilerServices;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Samples;

/// <summary>The samples as somebody runs them who has just read them.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class SamplesTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Test]
    public async Task TheConsoleProgramCountsItsStarts()
    {
        using var folder = new TemporaryFolder();
        for (var start = 1; start <= 3; start++)
        {
            var ended = await RaftStreamProgram.RunAsync([folder.File("data")], name: Built("EmbeddedCounter"));
            Assert.That(ended.ExitCode, Is.Zero, ended.Error);
            var tickets = Enumerable.Range((4 * (start - 1)) + 1, 4);
            Assert.That(ended.Output, Does.StartWith($"start {start}, log entry ").And.Contain("tickets " + string.Join(' ', tickets)));
        }
    }

    [Test]
    public void TheConsoleProgramHasLessThanFortyLines() =>
        Assert.That(File.ReadAllLines(Path.Combine(Path.GetDirectoryName(Here())!, "../../../samples/EmbeddedCounter/Program.cs")), Has.Length.LessThan(40));

    [Test]
    public async Task TheWebSiteOnThreeMachinesCountsEachVisitorOnceWhicheverMachineDies()
    {
        using var folder = new TemporaryFolder();
        using var http = HttpClients.Create();
        var ports = Ports.Find(6);
        var members = string.Join(',', Enumerable.Range(1, 3).Select(id => FormattableString.Invariant($"{id}=127.0.0.1:{ports[id - 1]}")));
        var sites = Enumerable.Range(1, 3).Select(id => FormattableString.Invariant($"http://127.0.0.1:{ports[id + 2]}")).ToList();
        var programs = new List<RaftStreamProgram>();
        try
        {
            for (var id = 1; id <= 3; id++)
            {
                (string, string)[] settings =
                [
                    ("RaftStream__Id", id.ToString(CultureInfo.InvariantCulture)), ("RaftStream__Members", members),
                    ("RaftStream__Data", folder.File($"node-{id}")), ("Logging__LogLevel__Default", "Warning"),
                ];
                programs.Add(RaftStreamProgram.Start(["--urls", sites[id - 1]], settings, Built("WebCounter")));
            }

            foreach (var site in sites)
                await Eventually.HoldsAsync(async () => await TryGetAsync(http, site + "/health") == "Healthy", $"{site} is healthy", Limit);
            for (var visitor = 1; visitor <= 30; visitor++)
                Assert.That(await TryGetAsync(http, sites[visitor % 3] + "/"), Is.EqualTo($"You are visitor {visitor}.\n"));
            Assert.That(await TryGetAsync(http, sites[0] + "/v1/counters/visitors"), Does.Contain("\"value\":30"), "the node's own endpoints are there, too");
            Assert.That(await TryGetAsync(http, sites[0] + "/nothing"), Is.Null, "what is not the node's stays the site's: an empty 404");

            programs[0].Signal(Signals.Kill);
            await programs[0].WaitAsync(Limit);
            var next = 0L;
            await Eventually.HoldsAsync(async () => (next = Number(await TryGetAsync(http, sites[1] + "/"))) > 0, "the two others count again", Limit);
            Assert.That(next, Is.GreaterThan(30), "and they have lost nothing");
            Assert.That(Number(await TryGetAsync(http, sites[2] + "/")), Is.GreaterThan(next));
            Assert.That(await TryGetAsync(http, sites[2] + "/about"), Does.StartWith("At least "));
        }
        finally
        {
            foreach (var program in programs)
                await program.DisposeAsync();
        }
    }

    /// <summary>A sample in its own folder, which stands beside ours, in the same configuration.</summary>
    private static string Built(string sample) =>
        Path.Combine("..", "..", sample, Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), sample);

    private static string Here([CallerFilePath] string path = "") => path;

    private static long Number(string? text) => text is not null && text.StartsWith("You are visitor ", StringComparison.Ordinal)
        ? long.Parse(text.AsSpan("You are visitor ".Length).TrimEnd("\n.".AsSpan()), CultureInfo.InvariantCulture)
        : 0;

    private static async Task<string?> TryGetAsync(HttpClient http, string address)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(address));
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : null;
        }
        catch (HttpRequestException)
        {
            return null; // It does not listen yet, or not any more.
        }
    }
}
