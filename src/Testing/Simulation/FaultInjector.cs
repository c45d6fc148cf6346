namespace RaftStream.Testing;

/// <summary>Breaks things in a simulation, at times and in ways that the seed chooses, and mends them again.</summary>
internal sealed class FaultInjector(Simulation simulation, Swarm swarm, SimRandom random)
{
    private readonly Dictionary<NodeId, bool> _onMedium = [];

    /// <summary>Whether things still break.</summary>
    public bool IsActive { get; private set; } = true;

    /// <summary>The first fault is foreseen.</summary>
    public void Begin() => Next();

    /// <summary>One thing breaks.</summary>
    public void Act()
    {
        if (!IsActive)
            return;
        Next();
        if (!simulation.HasFormed && random.Chance(0.9))
            return; // A cluster forms with all its members: where they keep dying, that takes long and shows little.
        foreach (var node in simulation.Nodes)
        {
            if (node.Disk.Inner.Capacity != long.MaxValue && random.Chance(0.4))
                node.Disk.Inner.FreeBytes = long.MaxValue;
        }

        var choice = random.NextUnit() * (swarm.BridgeWeight + swarm.RotWeight + swarm.FullDiskWeight + swarm.LostDiskWeight + swarm.CrashWeight + swarm.TornCrashWeight + swarm.PartitionWeight + swarm.OneWayWeight + swarm.PauseWeight + swarm.SlowDiskWeight);
        if (simulation.Options.Profile == FaultProfile.Beyond && random.Chance(0.2))
            JumpClock(Pick());
        if ((choice -= swarm.BridgeWeight) < 0)
            Bridge();
        else if ((choice -= swarm.RotWeight) < 0)
            Rot(Pick());
        else if ((choice -= swarm.FullDiskWeight) < 0)
            FillDisk(Pick());
        else if ((choice -= swarm.LostDiskWeight) < 0)
            LoseDisk(Pick());
        else if ((choice -= swarm.CrashWeight) < 0)
            CrashNow(Pick());
        else if ((choice -= swarm.TornCrashWeight) < 0)
            CrashInDiskOperation(Pick());
        else if ((choice -= swarm.PartitionWeight) < 0)
            Partition();
        else if ((choice -= swarm.OneWayWeight) < 0)
            CutOneWay();
        else if ((choice -= swarm.PauseWeight) < 0)
            Pause(Pick());
        else
            SlowDisk(Pick());
    }

    /// <summary>The process of a node died in a disk operation.</summary>
    public void OnDiskCrash(SimNode node)
    {
        simulation.Counts.Add("crash in a disk operation");
        Down(node, powerCut: true);
    }

    /// <summary>A node's process starts again, if it is down; recovery may be cut short by the next crash.</summary>
    public void Restart(SimNode node)
    {
        if (node.Replica is not null || node.IsRetired)
            return;
        if (IsActive && random.Chance(0.1))
            node.Disk.Inner.CrashAt(random.Between(1, 12), Moment());
        try
        {
            node.Start(_onMedium.GetValueOrDefault(node.Id, true));
            simulation.Counts.Add("restart");
        }
        catch (SimulatedCrashException)
        {
            simulation.Counts.Add("crash in recovery");
            Down(node, powerCut: true);
        }
        catch (DiskFullException)
        {
            simulation.Counts.Add("restart on a full disk");
            Down(node, powerCut: false);
        }
        catch (ReplicaException) when (node.HasRotted)
        {
            simulation.Counts.Add("damaged disk refused");
            node.GiveDiskUp();
        }
        catch (ReplicaException refused)
        {
            throw new ViolationException("Recovery", $"Node {node.Id} refuses to start though its disk only lost what it may lose: {refused.Message}", refused);
        }
    }

    /// <summary>Nothing breaks any more, and everything that is broken is mended.</summary>
    public void Stop()
    {
        IsActive = false;
        simulation.Network.Heal();
        simulation.Network.IsFaulty = false;
        foreach (var node in simulation.Nodes)
        {
            node.SlowDiskUntil = 0;
            node.Disk.Inner.FreeBytes = long.MaxValue;
            node.Disk.Inner.CrashAt(long.MaxValue / 2, CrashMoment.Before);
            node.Pause(0);
            Restart(node);
        }
    }

    private void Next() =>
        simulation.Events.Add(simulation.Now + random.Below(2 * swarm.FaultEvery), new(SimEventKind.Fault, default, default, 0, 0, 0, null));

    /// <summary>Any node, the leader more often.</summary>
    private SimNode Pick()
    {
        var inService = simulation.Nodes.Where(static node => !node.IsRetired).ToList();
        if (random.Chance(0.4))
        {
            foreach (var node in simulation.Nodes)
            {
                if (node.Replica?.Consensus.Core.Role == Role.Leader)
                    return node;
            }
        }

        return inService[random.Below(inService.Count)];
    }

    /// <summary>A disk is gone, and an empty one is in its place.</summary>
    private void LoseDisk(SimNode node)
    {
        if (!CanSpare(node))
            return;
        simulation.Counts.Add("disk lost");
        node.LoseDisk();
        simulation.Checker.OnDiskLost(node);
        RestartLater(node);
    }

    /// <summary>A bit turns over. The node must notice or be none the worse.</summary>
    private void Rot(SimNode node)
    {
        if (!CanSpare(node) || !node.Rot(random))
            return;
        simulation.Counts.Add("bit turned over");
        RestartLater(node);
    }

    /// <summary>
    /// Whether a disk may be lost: only while, with it, fewer than half of the voters have lost theirs, in every configuration that may come in
    /// force. More no cluster survives.
    /// </summary>
    private bool CanSpare(SimNode node)
    {
        var lost = simulation.Nodes.Where(static other => other.HasLostDisk || other.HasRotted).Select(static other => other.Id).Append(node.Id).ToHashSet();
        return simulation.HasFormed && !node.HasLostDisk && !node.HasRotted && !node.IsRetired && !simulation.Operator.IsBusy
            && simulation.Checker.Members.InUse().All(members => !members.IsJoint && MemberChecker.IsQuorum(members, id => !lost.Contains(id)));
    }

    private void RestartLater(SimNode node)
    {
        _onMedium[node.Id] = true;
        simulation.Events.Add(simulation.Now + random.Between(1_000_000, 500_000_000), new(SimEventKind.Restart, node.Id, default, 0, 0, 0, null));
    }

    /// <summary>Two sides hear one node in common and not each other (the outage of Cloudflare's on 2020-11-02).</summary>
    private void Bridge()
    {
        var bridge = Pick();
        var sides = random.NextBits();
        simulation.Counts.Add("bridge");
        foreach (var from in simulation.Nodes)
        {
            foreach (var to in simulation.Nodes)
                simulation.Network.Cut(from.Id, to.Id, from != bridge && to != bridge && ((sides >> from.Id.Value) & 1) != ((sides >> to.Id.Value) & 1));
        }

        HealLater();
    }

    private void JumpClock(SimNode node)
    {
        simulation.Counts.Add("monotonic clock jumped");
        node.Clock.Jump(random.Between(-2_000_000_000, 2_000_000_000));
    }

    private void CrashNow(SimNode node)
    {
        if (node.Replica is null)
            return;
        var powerCut = random.Chance(0.6);
        simulation.Counts.Add(powerCut ? "power cut" : "process killed");
        Down(node, powerCut);
    }

    private void CrashInDiskOperation(SimNode node)
    {
        if (node.Replica is not null)
            node.Disk.Inner.CrashAt(random.Between(1, 10), Moment());
    }

    private void Down(SimNode node, bool powerCut)
    {
        var lostBefore = node.Disk.Inner.Counters.TornFiles;
        node.Crash(powerCut);
        if (node.Disk.Inner.Counters.TornFiles > lostBefore)
            simulation.Counts.Add("torn write");
        _onMedium[node.Id] = powerCut;
        simulation.Events.Add(
            simulation.Now + 1_000_000 + random.Below(random.Chance(0.25) ? 6_000_000_000 : 300_000_000),
            new(SimEventKind.Restart, node.Id, default, 0, 0, 0, null));
    }

    private void Partition()
    {
        var sides = random.NextBits();
        simulation.Counts.Add("partition");
        foreach (var from in simulation.Nodes)
        {
            foreach (var to in simulation.Nodes)
                simulation.Network.Cut(from.Id, to.Id, ((sides >> from.Id.Value) & 1) != ((sides >> to.Id.Value) & 1));
        }

        HealLater();
    }

    private void CutOneWay()
    {
        var from = Pick();
        simulation.Counts.Add("one-way cut");
        foreach (var to in simulation.Nodes)
        {
            if (random.Chance(0.6))
                simulation.Network.Cut(from.Id, to.Id, true);
        }

        HealLater();
    }

    private void HealLater() =>
        simulation.Events.Add(simulation.Now + random.Between(50_000_000, 2_000_000_000), new(SimEventKind.Heal, default, default, 0, 0, 0, null));

    private void Pause(SimNode node)
    {
        simulation.Counts.Add("process paused");
        node.Pause(simulation.Now + random.Between(10_000_000, 1_500_000_000));
    }

    /// <summary>Something else takes nearly all the room on a disk, until a later fault gives it back.</summary>
    private void FillDisk(SimNode node)
    {
        simulation.Counts.Add("disk full");
        node.Disk.Inner.FreeBytes = random.Below(20_000);
    }

    private void SlowDisk(SimNode node)
    {
        simulation.Counts.Add("slow disk");
        node.SlowDiskUntil = simulation.Now + random.Between(50_000_000, 2_000_000_000);
    }

    private CrashMoment Moment() => (CrashMoment)random.Below(3);
}
