using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>What no promise is made for breaks what docs/simulation.md says it breaks: each fault alone, within so many seeds.</summary>
[Parallelizable] // It computes, alone, on one core.
internal sealed class BeyondTests
{
    private const SimulationPart All = SimulationPart.Drift | SimulationPart.ClockJump | SimulationPart.OldDisk | SimulationPart.BatchCut;
    private const int MaxSeeds = 600;

    [TestCase(SimulationPart.Drift, "LeaseExclusive", "Lease", "BoundedStaleness", "Freshness", "Linearizable")]
    [TestCase(SimulationPart.ClockJump, "LeaseExclusive", "Lease", "BoundedStaleness", "Freshness", "Linearizable")]
    [TestCase(SimulationPart.OldDisk, "ElectionSafety", "VoteQuorum", "LeaderCompleteness", "CommittedIsDurable", "StateMachineSafety", "MatchIsDurable")]
    [TestCase(SimulationPart.BatchCut, "ElectionSafety", "VoteQuorum", "LeaderCompleteness", "CommittedIsDurable", "StateMachineSafety", "MatchIsDurable")]
    public void Each_fault_beyond_the_promises_breaks_one_that_rests_on_its_absence(SimulationPart fault, params string[] broken)
    {
        ViolationException? violation = null;
        for (ulong seed = 1; violation is null && seed <= MaxSeeds; seed++)
            violation = Simulation.Run(new() { Seed = seed, Profile = FaultProfile.Beyond, Without = All & ~fault }).Violation;
        Assert.That(broken, Does.Contain(violation?.Invariant), violation?.Message);
    }

    [Test]
    public void Without_any_of_them_the_profile_breaks_nothing([Range(1, 20)] int seed) =>
        Assert.That(Simulation.Run(new() { Seed = (ulong)seed, Profile = FaultProfile.Beyond, Without = All }).Violation, Is.Null);
}
