using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// The person at the console: adds machines, promotes, removes and replaces members, hands leadership over, at times and in ways that the
/// seed chooses, sensible or not. Machines that have left are switched off, sometimes late.
/// </summary>
internal sealed class Operator(Simulation simulation, Swarm swarm, SimRandom random)
{
    private readonly SimRandom _times = random.Fork();
    private readonly SimRandom _actions = random.Fork();
    private bool _isActive = true;
    private bool _isAway;
    /// <summary>Nanoseconds after which no disk and no frame holds back a change that nobody knows the outcome of.</summary>
    private const long UntilKnown = 10_000_000_000;

    private (SimNode Node, int Life)? _asked;
    private long _doubtUntil;

    /// <summary>Whether a change is under way, as far as the operator knows.</summary>
    public bool IsBusy => _asked is { } asked && asked.Node.Replica is not null && asked.Node.Life == asked.Life;

    /// <summary>Whether a change may be under way that no disk shows yet: it waits for one, or is in a frame.</summary>
    public bool IsInDoubt => IsBusy || simulation.Now < _doubtUntil;

    /// <summary>How many actions were drawn.</summary>
    public int Drawn { get; private set; }

    /// <summary>The first action is foreseen.</summary>
    public void Begin() => Next();

    /// <summary>From now on only what is left behind is put in order.</summary>
    public void Stop() => _isActive = false;

    /// <summary>From now on nothing is done at all.</summary>
    public void Leave() => _isAway = true;

    /// <summary>One action.</summary>
    public void Act()
    {
        if (_isAway)
            return;
        Next();

        // Each action draws from a source of its own: one that is left out leaves the others as they are.
        random.ForkFrom(_actions);
        Drawn++;
        var leader = simulation.Nodes.FindLast(static node => node.Replica?.Consensus.Core.Role == Role.Leader);
        if (leader is null || !simulation.HasFormed)
            return;
        SwitchOff(leader.Replica!.Consensus.Core.Membership);
        if (leader.Replica is null || IsBusy || ReplaceLost(leader) || !_isActive || simulation.Options.SkipActions.Contains(Drawn))
            return;
        var isChange = random.Chance(swarm.ChangeShare);
        if (simulation.Options.Without.HasFlag(isChange ? SimulationPart.Changes : SimulationPart.Transfers))
            return;
        if (isChange)
            Change(leader);
        else
            Transfer(leader);
    }

    private void Next()
    {
        var mean = _isActive ? swarm.OperateEvery : Math.Min(swarm.OperateEvery, 300_000_000);
        simulation.Events.Add(simulation.Now + 1 + _times.Below(2 * mean), new(SimEventKind.Operate, default, default, 0, 0, 0, null));
    }

    /// <summary>Who is out of the committed configuration may be switched off; a machine that is never added, too.</summary>
    private void SwitchOff(Membership membership)
    {
        foreach (var node in simulation.Nodes)
        {
            if (!node.IsRetired && node.Id <= membership.Current.Highest && simulation.Checker.Members.IsGone(node.Id) && random.Chance(swarm.SwitchOff))
                node.Retire();
        }
    }

    /// <summary>A member that lost its disk is taken out: a learner or voter that will never come back.</summary>
    private bool ReplaceLost(SimNode leader)
    {
        var current = leader.Replica!.Consensus.Core.Membership.Current;
        foreach (var member in current.Members)
        {
            if (!simulation.Nodes[member.Id.Value - 1].HasLostDisk || random.Chance(0.3))
                continue;
            var learner = current.Members.FirstOrDefault(static candidate => candidate.IsLearner);
            if (member.IsVoter && learner is null && simulation.Nodes.Count < Simulation.MaxMachines)
                Ask(leader, Add());
            else
                Ask(leader, member.IsVoter && learner is not null && learner.Id != member.Id ? MemberChange.Replace(member.Id, learner.Id) : MemberChange.Remove(member.Id));
            return true;
        }

        return false;
    }

    private void Change(SimNode leader)
    {
        var membership = leader.Replica!.Consensus.Core.Membership;
        var members = membership.Current.Members;
        var any = members[random.Below(members.Length)];
        var learner = members.FirstOrDefault(static member => member.IsLearner);
        var voters = members.Count(static member => member.IsVoter);
        if (members.Any(member => IsLost(simulation.Nodes[member.Id.Value - 1])))
            return; // First that one: to take another out beside it, or to give it a vote, could leave no quorum.
        var choice = random.NextUnit();
        MemberChange? change = null;
        if (choice < 0.3 && members.Length < simulation.Options.Nodes + 3 && simulation.Nodes.Count < Simulation.MaxMachines)
            change = Add();
        else if (choice < 0.55 && learner is not null)
            change = MemberChange.Promote(learner.Id);
        else if (choice < 0.7 && learner is not null)
            change = MemberChange.Replace(any.Id, learner.Id);
        else if (choice < 0.85 && (voters > 2 || any.IsLearner))
            change = MemberChange.Remove(any.Id);
        else if (choice < 0.95)
            change = MemberChange.Update(any.Id, null, random.Between(99, 101));
        if (change is not null)
            Ask(leader, random.Chance(0.3) ? change with { Expected = membership.Index } : random.Chance(0.1) ? change with { Expected = membership.Index + 1 } : change);
    }

    /// <summary>A new machine starts and waits to be added.</summary>
    private MemberChange Add()
    {
        var node = simulation.AddMachine();
        node.Start(isOnMedium: true);
        simulation.Happened("machine started", node);
        return MemberChange.Add(node.Id, $"machine-{node.Id}:1");
    }

    private void Ask(SimNode leader, MemberChange change)
    {
        simulation.Happened($"{Name(change)} asked", leader);
        _asked = (leader, leader.Life);
        _doubtUntil = simulation.Now + UntilKnown;
        leader.Ask(new(change, answer =>
        {
            _asked = null;
            _doubtUntil = answer.Outcome == Outcome.Unknown ? simulation.Now + UntilKnown : 0;
            simulation.Counts.Add(answer.Outcome == Outcome.Rejected ? $"change refused {answer.Refusal}" : $"{Name(change)} {answer.Outcome}");
            if (answer.Outcome == Outcome.Applied)
            {
                ViolationException.Require(
                    change.Expected is not { } expected || (expected < answer.Position.Index && simulation.Checker.Members.Stands(expected)),
                    "CompareAndSet",
                    $"A change of configuration {change.Expected} was made to another one.");
            }
        }));
    }

    /// <summary>A node that went down over damage may never come back, though nobody has looked yet.</summary>
    private static bool IsLost(SimNode node) => node.HasLostDisk || (node.HasRotted && node.Replica is null);

    private void Transfer(SimNode leader)
    {
        var target = random.Chance(0.5) ? NodeId.None : simulation.Nodes[random.Below(simulation.Nodes.Count)].Id;
        simulation.Happened("transfer asked", leader);
        leader.Ask(new(RequestKind.Transfer, default, answer => simulation.Counts.Add($"transfer {answer.Outcome}")) { Target = target });
    }

    private static string Name(MemberChange change) => $"member {change.Kind}";
}
