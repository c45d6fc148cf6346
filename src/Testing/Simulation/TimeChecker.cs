using System.Runtime.InteropServices;
using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// What rests on time, held against true time at every moment: how fresh a node says that its log is, how fast log time runs, and how long a leader
/// stays in office whose disk hangs. Reads show the first only when one is asked at the worst moment; what a node knows shows it always.
/// </summary>
internal sealed class TimeChecker(Simulation simulation)
{
    /// <summary>Freshness is told in ticks of 100 ns.</summary>
    private const long Rounding = 1000;

    /// <summary>A leader looks after its disk with each heartbeat; and then what it does takes its turn.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(150);

    private readonly List<(long At, LogIndex Index)> _commits = [(0, LogIndex.Zero)];
    private readonly Stall[] _stalls = new Stall[Simulation.MaxMachines + 1];
    private (LogIndex Index, long Time) _newest;

    /// <summary>An entry is committed for the first time.</summary>
    public void OnCommitted(LogIndex index)
    {
        if (_commits[^1].At == simulation.Now)
            CollectionsMarshal.AsSpan(_commits)[^1].Index = index;
        else
            _commits.Add((simulation.Now, index));
    }

    /// <summary>
    /// A command is applied for the first time. [safety] Log time never goes back, and never runs faster than a clock may: it began at zero when the
    /// simulation did, so one leader's clock that shows more may not move it.
    /// </summary>
    public void OnNewState(in Command command)
    {
        var isInOrder = (command.Position.Index > _newest.Index) == (command.Time >= _newest.Time) || command.Time == _newest.Time;
        ViolationException.Require(isInOrder, "LogTime", $"Log time is {_newest.Time} at {_newest.Index} and {command.Time} at {command.Position}.");
        _newest = (command.Position.Index, command.Time);
        if (simulation.Options.Profile != FaultProfile.Beyond)
            ViolationException.Require(command.Time <= simulation.Now * (1 + simulation.Drift), "LogTime", $"Log time is {command.Time} at {command.Position}, and only {simulation.Now} ns have passed.");
    }

    /// <summary>After an event on a node.</summary>
    public void After(SimNode node, RaftCore core)
    {
        CheckFreshness(node, core);
        if (core.Role == Role.Leader && core.Durable < core.Log.Last.Index)
            CheckDisk(node, core);
        else
            _stalls[node.Id.Value] = default;
    }

    private void CheckFreshness(SimNode node, RaftCore core)
    {
        if (core.FreshnessAt(node.Clock.Now) is not { } fresh)
            return;
        var committed = CommittedAt(simulation.Now - (fresh.Age.Ticks * 100) - Rounding);
        ViolationException.Require(
            committed <= fresh.Index, "Freshness", $"Node {node.Id} believes that {fresh.Age.TotalMilliseconds} ms ago nothing behind entry {fresh.Index} was committed, and entry {committed} was.");
    }

    /// <summary>The leader's log ends behind what is on its disk; for how long the disk has taken nothing in?</summary>
    private void CheckDisk(SimNode node, RaftCore core)
    {
        ref var stall = ref _stalls[node.Id.Value];
        if (stall.Term != core.Term || stall.Durable != core.Durable || stall.Life != node.Life)
            stall = new(simulation.Now, node.Life, core.Term, core.Durable);
        var patience = (2 * Simulation.ElectionTimeout) + Slack;
        var limit = (long)(patience.Ticks * 100 / (1 - simulation.Drift));
        ViolationException.Require(
            node.LastTurn - stall.Since < limit || node.IsDiskQueueFull,
            "MakesWay",
            $"Node {node.Id} still leads term {core.Term} {(node.LastTurn - stall.Since) / 1_000_000} ms after its disk took in entry {stall.Durable} as the last one.");
    }

    /// <summary>What was committed at a true time.</summary>
    private LogIndex CommittedAt(long at)
    {
        if (_commits[^1].At <= at)
            return _commits[^1].Index;
        var (low, high) = (0, _commits.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_commits[middle].At <= at)
                low = middle;
            else
                high = middle - 1;
        }

        return _commits[low].Index;
    }

    /// <summary>Since when a leader's disk has taken nothing in.</summary>
    private readonly record struct Stall(long Since, int Life, Term Term, LogIndex Durable);
}
