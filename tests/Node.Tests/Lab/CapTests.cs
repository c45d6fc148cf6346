using System.Text.Json;
using System.Xml.Linq;
using RaftStream.Lab;
using RaftStream.Lab.Cap;
using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The experiment with a cluster that is cut in two: what is judged of what clients saw, with each promise broken once, and a short one on real processes.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class CapTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(180);

    [Test]
    public void WhatIsPromisedAndWhatIsGivenUpIsSeen()
    {
        var (_, claims) = Judge(new Story());
        Assert.That(claims.Where(static claim => !claim.Holds), Is.Empty);
        Assert.That(CapVerdict.ExitCode(claims), Is.Zero);
    }

    [TestCase("linearizable", "larger part: reads and writes fit one order")]
    [TestCase("lease", "larger part: reads and writes fit one order")]
    [TestCase("session", "smaller part: no read shows less")]
    [TestCase("bounded", "smaller part: no read is older")]
    [TestCase("age", "no answer admits less")]
    [TestCase("quorum", "larger part: what was acknowledged is counted once")]
    [TestCase("leader", "smaller part: each provisional write")]
    [TestCase("available", "smaller part: what was accepted is counted once")]
    [TestCase("served", "linearizable, smaller part: nothing is served")]
    [TestCase("refused", "eventual, smaller part: all is served")]
    public void ABrokenPromiseIsFound(string broken, string told)
    {
        var (_, claims) = Judge(new Story { Broken = broken });
        Assert.That(claims.Where(static claim => !claim.Holds).Select(static claim => claim.Sentence), Has.Some.Contains(told));
        Assert.That(CapVerdict.ExitCode(claims), Is.EqualTo(1));
    }

    [TestCase("nothing stale", "reads are stale")]
    [TestCase("nothing lost", "provisional writes are lost")]
    [TestCase("nothing late", "applied late")]
    public void WhatWasNotShownIsNoViolationAndNotFineEither(string missing, string told)
    {
        var (_, claims) = Judge(new Story { Broken = missing });
        Assert.That(claims.Where(static claim => !claim.Holds).Select(static claim => claim.Sentence), Has.Some.Contains(told));
        Assert.That(CapVerdict.ExitCode(claims), Is.EqualTo(2));
    }

    [Test]
    public void WhatAReadLacksIsAsOldAsTheFirstAddThatIsNotInIt()
    {
        var ticks = new CapTicks();
        ticks.Acknowledged(1, TimeSpan.FromSeconds(1));
        ticks.Acknowledged(2, TimeSpan.FromSeconds(2));
        ticks.Acknowledged(4, TimeSpan.FromSeconds(4));
        Assert.That(ticks.Lacked(4, TimeSpan.FromSeconds(9)), Is.Null);
        Assert.That(ticks.Lacked(1, TimeSpan.FromSeconds(5)), Is.EqualTo(TimeSpan.FromSeconds(3)));
        Assert.That(ticks.Lacked(2, TimeSpan.FromSeconds(5)), Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(ticks.Lacked(2, TimeSpan.FromSeconds(4)), Is.Null, "it was not acknowledged before");
    }

    [Test]
    public void ThePageIsWellFormedAndHasARowForEachClient()
    {
        var (run, claims) = Judge(new Story());
        var scores = CapScores.Of(run);
        var page = XDocument.Parse(CapPage.Of(run, scores, claims).Replace("<!DOCTYPE html>", "", StringComparison.Ordinal));
        var rows = page.Descendants("tr").Select(static row => row.Value).ToList();
        Assert.That(rows.Count(static row => row.Contains("part", StringComparison.Ordinal)), Is.GreaterThanOrEqualTo(scores.Count));
        Assert.That(page.Descendants().Count(static element => element.Name.LocalName == "svg"), Is.EqualTo(2));
    }

    [TestCase("--nodes", "4")]
    [TestCase("--seconds", "1")]
    public async Task AnImpossibleExperimentIsBadUsage(string option, string value)
    {
        var ended = await RaftStreamProgram.RunAsync(["cap", option, value], name: "raftstream-lab");
        Assert.That((ended.ExitCode, ended.Error), Is.EqualTo((64, ended.Error)));
        Assert.That(ended.Error, Does.Contain(option));
    }

    [Test]
    public async Task ARealClusterThatIsCutInTwoKeepsItsPromises()
    {
        using var folder = new TemporaryFolder();
        var ended = await RaftStreamProgram.RunAsync(["cap", "--seconds", "24", "--out", folder.File("cap"), "--json"], limit: Long, name: "raftstream-lab");
        Assert.That(ended.ExitCode, Is.Not.EqualTo(64).And.Not.EqualTo(70), ended.Error);
        using var told = JsonDocument.Parse(ended.Output);
        var broken = told.RootElement.GetProperty("claims").EnumerateArray()
            .Where(static claim => claim.GetProperty("isPromise").GetBoolean() && !claim.GetProperty("holds").GetBoolean())
            .Select(static claim => claim.ToString());
        Assert.That(broken, Is.Empty);
        Assert.That(File.Exists(Path.Combine(folder.File("cap"), "index.html")));
    }

    private static (CapRecord Run, IReadOnlyList<CapClaim> Claims) Judge(Story story)
    {
        var run = story.Tell();
        return (run, CapVerdict.Of(CapScores.Of(run)));
    }

    /// <summary>An experiment as it should go, of 100 seconds with cuts from 20 to 40 and from 60 to 80, or one in which something is not as it should.</summary>
    private sealed class Story
    {
        private static readonly CapPhase[] Phases = [Phase("before", 0, 20), Phase("first", 20, 40), Phase("between", 40, 60), Phase("second", 60, 80), Phase("after", 80, 100)];

        private readonly CapTicks _ticks = new();

        /// <summary>What is wrong; empty: nothing.</summary>
        public string Broken { get; init; } = "";

        public CapRecord Tell()
        {
            for (var second = 0; second < 100; second++)
                _ticks.Acknowledged(second + 1, TimeSpan.FromSeconds(second + 0.1));
            var clients = new List<IReadOnlyList<CapOperation>>();
            var final = new Dictionary<(CapLevel, CapSide), long>();
            foreach (var level in CapLevel.All)
            {
                foreach (var side in Enum.GetValues<CapSide>().Where(side => side != CapSide.Roaming || level == CapLevel.Session || level == CapLevel.Eventual))
                {
                    List<CapOperation> operations = [.. Enumerable.Range(0, 99).Select(second => One(level, side, second))];
                    clients.Add(operations);
                    if (level.IsWrite)
                        final.Add((level, side), Final(level, side, operations));
                }
            }

            var fates = clients.SelectMany(static one => one).Select(static operation => operation.Position).OfType<string>()
                .ToDictionary(static position => position, position => position.StartsWith("lost", StringComparison.Ordinal) && Broken != "nothing lost" ? "lost" : "applied", StringComparer.Ordinal);
            (long, long)[] whileCut = Broken == "nothing late" ? [(40, 40), (80, 80)] : [(40, 20), (80, 60)];
            return new(new(3, TimeSpan.FromSeconds(100), ""), clients, Phases, [1], final, fates, whileCut, _ticks);
        }

        private static CapPhase Phase(string name, int from, int to) => new(name, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to), name is "first" or "second");

        private static bool IsCut(int second) => second is (>= 20 and < 40) or (>= 60 and < 80);

        private CapOperation One(CapLevel level, CapSide side, int second)
        {
            var began = TimeSpan.FromSeconds(second + 0.2);
            var operation = new CapOperation(level, side, began, began + TimeSpan.FromSeconds(0.01), Served(level, side, second) ? CapEnd.Served : CapEnd.Refused);
            if (level == CapLevel.Quorum && side == CapSide.Majority)
                return operation with { Began = TimeSpan.FromSeconds(second), Ended = TimeSpan.FromSeconds(second + 0.1), Value = second + 1 };
            if (level == CapLevel.Leader && operation.End == CapEnd.Served)
                return operation with { Position = FormattableString.Invariant($"{(side == CapSide.Minority && IsCut(second) ? "lost" : "kept")} {side} {second}") };
            return level.IsWrite ? operation : operation with { Value = Seen(level, side, second), AgeMs = Broken == "age" && level == CapLevel.Eventual ? 1 : null };
        }

        /// <summary>The counter is one more than the seconds that have gone by; a node of the smaller part has what it had when it was cut off.</summary>
        private long Seen(CapLevel level, CapSide side, int second)
        {
            var isBehind = (side == CapSide.Minority && level != CapLevel.Lease) || (side == CapSide.Roaming && second % 2 == 1 && level == CapLevel.Eventual);
            var start = second < 40 ? 20 : 60;
            var seen = isBehind && IsCut(second) && Broken != "nothing stale" ? start : second + 1;
            if ((Broken == level.Name && level == CapLevel.Bounded && side == CapSide.Minority && second == 21) || (Broken == level.Name && second == 50))
                return seen - 9;
            return seen;
        }

        private bool Served(CapLevel level, CapSide side, int second)
        {
            if (side != CapSide.Minority || !IsCut(second))
                return true;
            if (level == CapLevel.Session || level == CapLevel.Eventual || level == CapLevel.Available)
                return Broken != "refused" || second != 30;
            var isStrong = level == CapLevel.Linearizable || level == CapLevel.Quorum;
            return isStrong ? Broken == "served" && second == 30 : second is 20 or 21;
        }

        private long Final(CapLevel level, CapSide side, List<CapOperation> operations)
        {
            long taken = operations.Count(static operation => operation.End == CapEnd.Served);
            if (level == CapLevel.Leader && Broken != "nothing lost")
                taken -= operations.Count(static operation => operation.Position?.StartsWith("lost", StringComparison.Ordinal) == true);
            return Broken == level.Name && side != CapSide.Roaming ? taken - 1 : taken;
        }
    }
}
