using System.Text.Json;
using RaftStream.Lab.Soak;
using RaftStream.Lab.Torture;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>What a soak keeps, counts and ends with: over runs that are played, and over real ones in which nothing is broken.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SoakTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly TemporaryFolder _folder = new();
    private readonly HandTime _time = new();
    private readonly List<TortureArguments> _made = [];

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task What_failed_is_kept_and_of_what_was_clean_a_line_stays()
    {
        var sums = await SoakAsync(["clean", "violation", "clean", "throws", "clean"]);

        Assert.That(sums.Verdicts.Select(static pair => (pair.Key, pair.Value)), Is.EqualTo(new[] { ("clean", 3L), ("error", 1), ("violation", 1) }));
        Assert.That((sums.Runs, sums.Operations, sums.ExitCode), Is.EqualTo((5, 400, 1)));
        Assert.That(Folders(), Is.EqualTo(new[] { Name(2), Name(4) }));
        Assert.That(sums.Kept, Is.EqualTo(new[] { Name(2), Name(4) }), "the worst first");
        Assert.That((sums.Faults["kill"].Count, sums.Faults["kill"].TookEffect), Is.EqualTo((8, 4)));
        Assert.That(sums.NeverTookEffect, Does.Contain("pause").And.Not.Contain("kill"));
        var lines = Lines();
        Assert.That(lines.Select(static line => line.GetProperty("verdict").GetString()), Is.EqualTo(new[] { "clean", "violation", "clean", "error", "clean" }));
        Assert.That(lines[3].GetProperty("reasons")[0].GetString(), Does.Contain("a fault of the laboratory itself").And.Contain("played"));
        Assert.That(lines[1].GetProperty("command").GetString(), Does.Contain("--nodes 3").And.Contain("--seed 8"));
        Assert.That(lines.Select(static line => line.GetProperty("folder").ValueKind == JsonValueKind.String), Is.EqualTo(new[] { false, true, false, true, false }));
        Assert.That(File.ReadAllText(_folder.File("out/soak.json")), Is.EqualTo(sums.Json() + "\n"));
    }

    [Test]
    public async Task Drivers_and_sizes_take_turns_and_seeds_count_up()
    {
        await SoakAsync(["clean", "clean", "clean", "clean", "clean"], static plan => plan with { Drivers = ["process", "namespace"], Nodes = [3, 5] });
        Assert.That(_made.Select(static run => (run.Driver, run.Nodes, run.Seed)), Is.EqualTo(new[] { ("process", 3, 7UL), ("process", 5, 8UL), ("namespace", 3, 9UL), ("namespace", 5, 10UL), ("process", 3, 11UL) }));
    }

    [TestCase(0, "clean", "clean")]
    [TestCase(1, "clean", "violation", "invalid")]
    [TestCase(2, "clean", "invalid")]
    [TestCase(2, "undecided")]
    [TestCase(2, "throws", "clean")]
    [TestCase(2)]
    public async Task The_exit_code_tells_the_worst(int expected, params string[] verdicts) => Assert.That((await SoakAsync(verdicts)).ExitCode, Is.EqualTo(expected));

    [Test]
    public async Task Of_more_than_may_be_kept_the_least_bad_go_and_of_those_as_bad_the_last()
    {
        var sums = await SoakAsync(["invalid", "violation", "invalid", "violation", "violation"], static plan => plan with { KeepFailed = 2 });
        Assert.That(Folders(), Is.EqualTo(new[] { Name(2), Name(4) }));
        Assert.That(sums.Kept, Is.EqualTo(Folders()));
        Assert.That(sums.Verdicts["violation"], Is.EqualTo(3), "what is not kept still counts");
    }

    [Test]
    public async Task The_newest_clean_ones_may_be_kept_too()
    {
        await SoakAsync(["clean", "clean", "clean"], static plan => plan with { KeepClean = 2 });
        Assert.That(Folders(), Is.EqualTo(new[] { Name(2), Name(3) }));
    }

    [Test]
    public async Task Folders_have_no_more_bytes_than_they_may_but_for_one_that_failed()
    {
        await SoakAsync(["clean", "invalid", "violation"], static plan => plan with { KeepClean = 5, KeepBytes = 1_500 });
        Assert.That(Folders(), Is.EqualTo(new[] { Name(3) }), "each has a thousand");
        await SoakAsync(["violation"], static plan => plan with { KeepBytes = 10 });
        Assert.That(Folders(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_run_that_is_stopped_leaves_nothing_and_the_sums_are_of_those_before()
    {
        using var stop = new CancellationTokenSource();
        var sums = await SoakAsync(["clean", "stop", "clean"], stop: stop);
        Assert.That((sums.Runs, sums.ExitCode), Is.EqualTo((1, 0)));
        Assert.That(Folders(), Is.Empty);
        Assert.That(Lines(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_driver_that_only_fails_is_left_out_and_the_others_go_on()
    {
        var sums = await SoakAsync(["throws", "clean", "throws", "clean", "throws", "clean", "clean", "clean"], static plan => plan with { Drivers = ["process", "namespace"] });
        Assert.That(_made.Select(static run => run.Driver).Skip(5), Is.All.EqualTo("namespace"));
        Assert.That(sums.LeftOut.Single(), Does.Contain("process").And.Contain("played"));
        Assert.That((await SoakAsync(["throws", "throws", "throws", "clean"])).Runs, Is.EqualTo(3), "nothing is left to run");
    }

    [Test]
    public async Task A_real_calm_soak_is_clean_and_leaves_its_sums_alone()
    {
        var result = await RaftStreamProgram.RunAsync(
            ["soak", "--driver", "process", "--nodes", "3", "--nemesis", "none", "--time", "10", "--rate", "300", "--clients", "20", "--hours", "0.001", "--out", _folder.File("out"), "--json"], [], Limit, "raftstream-lab");

        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
        using var document = JsonDocument.Parse(result.Output);
        Assert.That(document.RootElement.GetProperty("verdicts").GetProperty("clean").GetInt32(), Is.Positive);
        Assert.That(document.RootElement.GetProperty("operations").GetInt32(), Is.Positive);
        Assert.That(Folders(), Is.Empty);
    }

    [TestCase("--hours", "0")]
    [TestCase("--nodes", "4")]
    [TestCase("--nodes", "")]
    [TestCase("--driver", "cloud")]
    [TestCase("--nemesis", "gremlin")]
    [TestCase("--keep-failed", "0")]
    [TestCase("--system", "abacus")]
    public async Task A_bad_flag_is_one_sentence_that_names_it_or_what_there_is(string flag, string value)
    {
        var result = await RaftStreamProgram.RunAsync(["soak", "--out", _folder.File("out"), flag, value], [], Limit, "raftstream-lab");
        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain("give"));
        Assert.That(Directory.Exists(_folder.File("out")), Is.False);
    }

    /// <summary>Plays runs of these verdicts, a minute each, and stops when there are no more.</summary>
    private async Task<SoakSums> SoakAsync(string[] verdicts, Func<SoakPlan, SoakPlan>? change = null, CancellationTokenSource? stop = null)
    {
        var next = 0;
        var plan = new SoakPlan
        {
            Drivers = ["process"],
            Nodes = [3],
            Length = TimeSpan.FromMinutes(verdicts.Length) - TimeSpan.FromSeconds(30),
            KeepClean = 0,
            KeepFailed = 10,
            KeepBytes = 1_000_000,
            Each = new() { Driver = "process", System = "raftstream", Nodes = 3, Workloads = [], Nemeses = [], IsCalm = false, Seconds = 60, Clients = 10, Rate = 100, Seed = 7, Out = _folder.File("out") },
        };
        return await new SoakLoop(change?.Invoke(plan) ?? plan, RunAsync, _time, progress: null).RunAsync([], stop?.Token ?? CancellationToken.None);

        async Task<SoakOutcome> RunAsync(TortureArguments arguments, CancellationToken cancellation)
        {
            _made.Add(arguments);
            _time.Pass(TimeSpan.FromMinutes(1));
            var folder = Directory.CreateDirectory(Path.Combine(arguments.Out, arguments.FolderName!, "nodes")).FullName;
            await File.WriteAllBytesAsync(Path.Combine(folder, "node-1.log"), new byte[1_000], cancellation);
            var verdict = verdicts[next++];
            if (verdict == "stop")
                await stop!.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            if (verdict == "throws")
                throw new InvalidOperationException("played");
            return new(verdict, 100, new Dictionary<string, SoakFaults>(StringComparer.Ordinal) { ["kill"] = new(2, 1), ["pause"] = new(1, 0) }, verdict == "clean" ? [] : ["so it was played"]);
        }
    }

    private List<string> Folders() => [.. Directory.GetDirectories(_folder.File("out")).Select(static folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    private List<JsonElement> Lines() => [.. File.ReadLines(_folder.File("out/soak.jsonl")).Select(static line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The folder of a run of one driver and size, by its number from 1.</summary>
    private static string Name(int run) => $"20260101-00{run - 1:00}00-raftstream-process-3-{run + 6}";

    private sealed class HandTime : TimeProvider
    {
        private TimeSpan _passed;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time) => _passed += time;

        public override long GetTimestamp() => _passed.Ticks;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + _passed;
    }
}
