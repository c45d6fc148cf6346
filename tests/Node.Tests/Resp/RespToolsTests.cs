using System.Diagnostics;
using System.Globalization;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Resp;

/// <summary>Redis's own tools and clients of other languages, as their packages have them, at the leader and at a follower. Skipped, each with its reason, where they are not installed.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class RespToolsTests : ClusterFixture
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Where <c>npm install redis</c> was done, if anywhere.</summary>
    private static readonly string? s_modules = Environment.GetEnvironmentVariable("RAFTSTREAM_NODE_MODULES");

    [TestCase(true, 1)]
    [TestCase(true, 16)]
    [TestCase(false, 1)]
    [TestCase(false, 16)]
    public async Task TheBenchmarkRunsAsItComes(bool atLeader, int pipeline)
    {
        Needs("redis-benchmark");
        var ran = await RunAsync("redis-benchmark", [.. await AddressAsync(atLeader), "-t", "set,get,incr,mset", "-P", $"{pipeline}", "-c", "50", "-r", "10000", "-n", "4000", "--csv"]);
        IsMeasured(ran, 4);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task TheBenchmarkRunsACommandOfItsUsers(bool atLeader)
    {
        Needs("redis-benchmark");
        IsMeasured(await RunAsync("redis-benchmark", [.. await AddressAsync(atLeader), "-c", "50", "-n", "2000", "--csv", "MGET", "k1", "k2"]), 1);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task ThePromptTakesCommands(bool atLeader)
    {
        Needs("redis-cli");
        Needs("script");
        var address = await AddressAsync(atLeader);
        var ran = await RunAsync("script", ["-qec", $"redis-cli {string.Join(' ', address)}", "/dev/null"], "set prompt 41\nincr prompt\nget prompt\ndel prompt\nquit\n");
        Assert.That(ran.Output, Does.Contain("OK").And.Contain("(integer) 42").And.Contain("\"42\"").And.Contain("(integer) 1"));
        Assert.That(ran.Output, Does.Contain($"{address[1]}:{address[3]}>").And.Not.Contain("rror"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task TheCommandLineListsKeysAndMeasures(bool atLeader)
    {
        Needs("redis-cli");
        var address = await AddressAsync(atLeader);
        for (var i = 0; i < 30; i++)
            Assert.That((await RunAsync("redis-cli", [.. address, "SET", $"cli:{i}", "v"])).Output, Is.EqualTo("OK\n"));
        var listed = await RunAsync("redis-cli", [.. address, "--scan", "--pattern", "cli:*"]);
        Assert.That(listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EquivalentTo(Enumerable.Range(0, 30).Select(static i => $"cli:{i}")));
        var measured = await RunAsync("redis-cli", [.. address, "--latency", "--raw", "-i", "1"]);
        var figures = measured.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.That((figures.Length, int.Parse(figures[3], CultureInfo.InvariantCulture)), Is.EqualTo((4, 1)).Using<(int, int)>(static (read, least) => read.Item1 == least.Item1 && read.Item2 >= least.Item2), measured.Output);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task TheClientOfNpmUsesACluster(bool atLeader)
    {
        Needs("node");
        if (s_modules is null)
            Assert.Ignore("RAFTSTREAM_NODE_MODULES names no folder in which 'npm install redis' was done.");
        var address = await AddressAsync(atLeader);
        Assert.That((await RunAsync("node", [Script("node-redis.cjs"), address[1], address[3]])).Output, Is.EqualTo("ok\n"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task TheClientOfPythonUsesACluster(bool atLeader)
    {
        Needs("/usr/bin/python3");
        if ((await RunAsync("/usr/bin/python3", ["-c", "import redis"], isChecked: false)).ExitCode != 0)
            Assert.Ignore("Python's redis package is not installed (Debian: python3-redis).");
        var address = await AddressAsync(atLeader);
        Assert.That((await RunAsync("/usr/bin/python3", [Script("redis_py.py"), address[1], address[3]])).Output, Is.EqualTo("ok\n"));
    }

    private static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Resp", "Clients", name);

    /// <summary>A line a test: its name and more requests a second than none.</summary>
    private static void IsMeasured(Ran ran, int tests)
    {
        var lines = ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line.StartsWith('"') && !line.StartsWith("\"test\"", StringComparison.Ordinal)).ToArray();
        Assert.That(lines, Has.Length.EqualTo(tests), ran.Output);
        foreach (var line in lines)
            Assert.That(double.Parse(line.Split("\",\"")[1].Trim('"'), CultureInfo.InvariantCulture), Is.GreaterThan(0), line);
        Assert.That(ran.Output + ran.Errors, Does.Not.Contain("rror").And.Not.Contain("WARNING"));
    }

    private static void Needs(string program)
    {
        var isThere = program.StartsWith('/') ? File.Exists(program) : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
        if (!isThere)
            Assert.Ignore($"{program} is not installed.");
    }

    private static async Task<Ran> RunAsync(string program, string[] arguments, string input = "", bool isChecked = true)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["TERM"] = "dumb";
        start.Environment["NODE_PATH"] = s_modules ?? "";
        start.Environment["HOME"] = Path.GetTempPath();
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            var ran = new Ran(process.ExitCode, await output, await errors);
            if (isChecked)
                Assert.That(ran.ExitCode, Is.Zero, ran.Output + ran.Errors);
            return ran;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>As Redis's tools take it: -h, host, -p, port.</summary>
    private async Task<string[]> AddressAsync(bool atLeader)
    {
        var leader = await Cluster.LeaderAsync();
        var address = Cluster.Local.Members.First(member => (member.Id == leader.Id) == atLeader).Resp!;
        var colon = address.LastIndexOf(':');
        return ["-h", address[..colon], "-p", address[(colon + 1)..]];
    }

    private sealed record Ran(int ExitCode, string Output, string Errors);
}
