using System.Buffers;
using RaftStream.Raft.Tests.Tidy;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>A user's own state machine under the simulator, as the docs show it: what they print is what runs here.</summary>
[TestFixture]
internal sealed class OwnMachineTests
{
    private const string Page = "docs/simulate-your-own.md";

    [TestCase("Register.cs", "machine")]
    [TestCase("RegisterLoad.cs", "load")]
    [TestCase("OwnMachineTests.cs", "run")]
    public void The_page_shows_the_very_code_that_runs_here(string file, string region)
    {
        var source = File.ReadAllLines(Path.Combine(SourceTree.Root, "tests/Raft.Tests/Simulation/Own", file));
        var first = Array.FindIndex(source, line => line.Trim() == $"#region {Page}: {region}") + 1;
        var shown = source[first..Array.FindIndex(source, first, static line => line.Trim() == "#endregion")];
        var indent = shown[0].Length - shown[0].TrimStart().Length;
        var code = string.Join('\n', shown.Select(line => line.Length > indent ? line[indent..] : ""));

        Assert.That(File.ReadAllText(Path.Combine(SourceTree.Root, Page)).ReplaceLineEndings("\n"), Does.Contain("```csharp\n" + code + "\n```"));
    }

    [Test]
    public void The_load_and_its_checker_take_thirty_lines_of_code()
    {
        var source = File.ReadAllLines(Path.Combine(SourceTree.Root, "tests/Raft.Tests/Simulation/Own/RegisterLoad.cs"));
        Assert.That(source.Count(static line => line.Trim().Length > 1 && !line.TrimStart().StartsWith("///", StringComparison.Ordinal) && line.TrimStart()[0] != '#'), Is.LessThanOrEqualTo(30));
    }

    [Test]
    public void An_own_register_is_linearizable_on_these_seeds()
    {
        #region docs/simulate-your-own.md: run
        for (var seed = 1UL; seed <= 20; seed++)
        {
            var report = Simulation.Run(new() { Seed = seed, Nodes = 3, Workload = () => new RegisterLoad() });
            Assert.That(report.Violation, Is.Null, $"seed {seed}");
        }
        #endregion
    }

    [Test]
    public void An_own_register_that_forgets_a_write_is_found_and_runs_the_same_way_twice()
    {
        var reports = Enumerable.Range(1, 50).Select(static seed => Simulation.Run(new() { Seed = (ulong)seed, Workload = static () => new ForgetfulLoad() }));
        var first = reports.First(static report => report.Violation is not null);
        var second = Simulation.Run(first.Options);
        Assert.That(first.Violation?.Invariant, Is.EqualTo("Linearizable"), first.Violation?.Message);
        Assert.That(second.TraceHash, Is.EqualTo(first.TraceHash));
    }

    [Test]
    public void A_client_that_begins_a_second_operation_while_one_is_under_way_is_told_so() =>
        Assert.That(
            Simulation.Run(new() { Seed = 1, Workload = static () => new HastyLoad() }).Violation?.Message,
            Does.Contain("Client ").And.Contain("has an operation under way"));

    /// <summary>The register's load over a register that drops every tenth write, on all replicas alike.</summary>
    private sealed class ForgetfulLoad : ISimulatedWorkload
    {
        private readonly RegisterLoad _load = new();

        public IStateMachine CreateMachine() => new Forgetful();

        public void Act(SimulatedClient client) => _load.Act(client);

        public void Check(IReadOnlyList<IStateMachine> replicas) => _load.Check(replicas);
    }

    private sealed class Forgetful : IStateMachine
    {
        private readonly Register _register = new();

        public ulong StateHash => _register.StateHash;

        public void Apply(in CommandBatch batch, ref Results results)
        {
            foreach (ref readonly var command in batch)
            {
                if (command.Position.Index.Value % 10 == 0)
                    results.Complete();
                else
                    _register.Apply(new CommandBatch(new[] { command }), ref results);
            }
        }

        public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => _register.Query(query, reply);

        public ISnapshotView Capture() => _register.Capture();

        public void Restore(ISnapshotReader reader) => _register.Restore(reader);
    }

    private sealed class HastyLoad : ISimulatedWorkload
    {
        public IStateMachine CreateMachine() => new Register();

        public void Act(SimulatedClient client)
        {
            client.Write(new byte[8], static _ => { });
            client.Write(new byte[8], static _ => { });
        }

        public void Check(IReadOnlyList<IStateMachine> replicas)
        {
        }
    }
}
