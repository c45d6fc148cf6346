using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The checker of histories as a user runs it: exit codes, texts, the picture.</summary>
[TestFixture]
internal sealed class CheckTests
{
    private const string Legal = """
        {"process":0,"type":"invoke","f":"write","key":"r","value":1,"time":1}
        {"process":0,"type":"ok","f":"write","key":"r","value":1,"time":2}

        """;

    private const string Illegal = Legal + """
        {"process":1,"type":"invoke","f":"read","key":"r","value":null,"time":3}
        {"process":1,"type":"ok","f":"read","key":"r","value":null,"time":4}
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Test]
    public async Task ALegalHistoryIsExitCode0()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync("--model", "register", temporary.Write("a.jsonl", Legal));

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Output, Does.Contain("a.jsonl: linearizable (1 operations, 1 keys"));
    }

    [Test]
    public async Task AnIllegalHistoryIsExitCode1AndIsDrawn()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync("--model", "register", temporary.Write("a.jsonl", Legal), temporary.Write("b.jsonl", Illegal), "--html", temporary.File("out.html"));

        Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
        Assert.That(result.Output, Does.Contain("a.jsonl: linearizable").And.Contain("b.jsonl: illegal"));
        Assert.That(result.Output, Does.Contain("cannot be ordered: process 1: read -> nil (lines 3 to 4)"));
        Assert.That(await File.ReadAllTextAsync(temporary.File("out.html")), Does.Contain("b.jsonl: not linearizable").And.Contain("<svg"));
    }

    [Test]
    public async Task AHistoryThatTakesTooLongIsExitCode2()
    {
        using var temporary = new TemporaryFolder();
        var calls = Enumerable.Range(0, 40).Select(static number =>
            $"{{:process {number} :type :invoke :f :add :value {(number % 2 == 0 ? 1 : -1) * (long)(Math.Sqrt(number + 2) * (1L << 40)) * 2}}}");
        var hard = string.Join('\n', calls) + "\n{:process 99 :type :invoke :f :read :value nil}\n{:process 99 :type :ok :f :read :value 1}\n";

        var result = await RunAsync("--model", "counter", "--time", "0.2", "--json", temporary.Write("hard.edn", hard));

        Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
        using var document = JsonDocument.Parse(result.Output);
        var file = document.RootElement.GetProperty("files")[0];
        Assert.That(file.GetProperty("verdict").GetString(), Is.EqualTo("undecided"));
        Assert.That(file.GetProperty("undecided")[0].GetProperty("endedBy").GetString(), Is.EqualTo("time"));
    }

    [Test]
    public async Task AFileThatCannotBeReadIsExitCode64AfterTheOthers()
    {
        using var temporary = new TemporaryFolder();
        var bad = temporary.Write("bad.jsonl", Legal + "{");

        var result = await RunAsync("--model", "register", bad, temporary.Write("b.jsonl", Illegal));

        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain("bad.jsonl: Line 3 is no JSON object (at character 2): write one object a line."));
        Assert.That(result.Output, Does.Contain("b.jsonl: illegal"));
    }

    [TestCase("--model clock", "--model clock is unknown: give register, counter, kv, append, set or mutex.")]
    [TestCase("--model set --time 0", "--time 0 is out of range: give more than 0 and at most 604800 seconds.")]
    [TestCase("--model set", "cannot be read: ")]
    public async Task ABadFlagOrAMissingFileIsOneSentence(string flags, string sentence)
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync([.. flags.Split(' '), temporary.File("missing.jsonl")]);

        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain(sentence));
    }

    private static Task<ProgramResult> RunAsync(params string[] arguments) =>
        RaftStreamProgram.RunAsync(["check", .. arguments], [], Limit, "raftstream-lab");
}
