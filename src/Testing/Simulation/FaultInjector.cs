namespace RaftStream.Testing;

/// <summary>Breaks things in a simulation, at times and in ways that the seed chooses, and mends them again.</summary>
/// <remarks>
/// Each fault draws from a source of its own, as does each node for its restarts: a fault that is left out leaves the others as they are.
/// </remarks>
internal sealed class FaultInjector
{
    private readonly Dictionary<NodeId, bool> _onMedium = [];
    private readonly SimRandom[] _restarts = new SimRandom[Simulation.MaxMachines + 1];
    private readonly Simulation _simulation;
    private readonly Swarm _swarm;
    private readonly BeyondFaults _beyond;
    private readonly NetworkFaults _network;
    private readonly SimRandom _times;
    private readonly SimRandom _faults;

    // The source of the fault under way.
    private readonly SimRandom _random;

    public FaultInjector(Simulation simulation, Swarm swarm, SimRandom random)
    {
        (_simulation, _swarm, _times, _faults, _random) = (simulation, swarm, random.Fork(), random.Fork(), random);
        for (var id = 0; id < _restarts.Length; id++)
            _restarts[id] = random.Fork();
        _beyond = new(simulation, random.Fork(), CanSpare);
        _network = new(simulation, _random, new(simulation, swarm, new(simulation.Options.Seed ^ 0x6c62_272e_07bb_0142)));
    }

    /// <summary>How many faults were drawn.</summary>
    public int Drawn { get; private set; }

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
        _random.ForkFrom(_faults);
        Drawn++;
        if (_random.Chance(0.9) && !_simulation.HasFormed)
            return; // A cluster forms with all its members: where they keep dying, that takes long and shows little.
        var kind = Choose(_random.NextUnit());
        var isBeyond = _random.Chance(0.2) && _simulation.Options.Profile == FaultProfile.Beyond;
        if (_simulation.Options.SkipFaults.Contains(Drawn))
            return;
        foreach (var node in _simulation.Nodes)
        {
            if (node.Disk.Inner.Capacity != long.MaxValue && _random.Chance(0.4))
                node.Disk.Inner.FreeBytes = long.MaxValue;
        }

        if (isBeyond)
            _beyond.Act(Pick(), RestartLater);
        if (!IsLeftOut(kind))
            Break(kind);
    }

    /// <summary>The kind of fault that the swarm's weights give a number from 0 to 1.</summary>
    private SimulationPart Choose(double choice)
    {
        ReadOnlySpan<(double Weight, SimulationPart Kind)> kinds =
        [
            (_swarm.BridgeWeight, SimulationPart.Bridge), (_swarm.RotWeight, SimulationPart.Rot), (_swarm.FullDiskWeight, SimulationPart.FullDisk),
            (_swarm.LostDiskWeight, SimulationPart.LostDisk), (_swarm.CrashWeight, SimulationPart.Crash), (_swarm.TornCrashWeight, SimulationPart.DiskCrash),
            (_swarm.PartitionWeight, SimulationPart.Partition), (_swarm.OneWayWeight, SimulationPart.OneWay), (_swarm.PauseWeight, SimulationPart.Pause),
            (_swarm.SlowDiskWeight, SimulationPart.SlowDisk),
        ];
        var total = 0.0;
        foreach (var (weight, _) in kinds)
            total += weight;
        choice *= total;
        foreach (var (weight, kind) in kinds)
        {
            if ((choice -= weight) < 0)
                return kind;
        }

        return SimulationPart.SlowDisk;
    }

    private bool IsLeftOut(SimulationPart part) => _simulation.Options.Without.HasFlag(part);

    private void Break(SimulationPart kind)
    {
        switch (kind)
        {
            case SimulationPart.Bridge:
                _network.Bridge(Pick());
                break;
            case SimulationPart.Rot:
                Rot(Pick());
                break;
            case SimulationPart.FullDisk:
                FillDisk(Pick());
                break;
            case SimulationPart.LostDisk:
                LoseDisk(Pick());
                break;
            case SimulationPart.Crash:
                CrashNow(Pick());
                break;
            case SimulationPart.DiskCrash:
                CrashInDiskOperation(Pick());
                break;
            case SimulationPart.Partition:
                _network.Partition();
                break;
            case SimulationPart.OneWay:
                _network.CutOneWay(Pick());
                break;
            case SimulationPart.Pause:
                Pause(Pick());
                break;
            default:
                SlowDisk(Pick());
                break;
        }
    }

    /// <summary>A node is cut off: see <see cref="Marooning"/>.</summary>
    public void Maroon(SimNode node)
    {
        if (IsActive)
            _network.Maroon(node);
    }

    /// <summary>The process of a node died in a disk operation.</summary>
    public void OnDiskCrash(SimNode node)
    {
        _simulation.Happened("crash in a disk operation", node);
        node.CrashedAt(node.CrashPlace);
        Down(node, powerCut: true);
    }

    /// <summary>A node's process starts again, if it is down; recovery may be cut short by the next crash.</summary>
    public void Restart(SimNode node)
    {
        if (node.Replica is not null || node.IsRetired)
            return;
        var draw = _restarts[node.Id.Value];
        var (crashes, operation, moment) = (draw.Chance(0.1), draw.Between(1, 12), (CrashMoment)draw.Below(3));
        if (IsActive && crashes && !IsLeftOut(SimulationPart.RecoveryCrash))
            node.Disk.Inner.CrashAt(operation, moment);
        try
        {
            node.Start(_onMedium.GetValueOrDefault(node.Id, true));
            _simulation.Happened("restart", node);
            node.Recovered(node.Replica!.Facts.TornBytes > 0 ? RecoveryResult.TornTailCut : RecoveryResult.Clean);
        }
        catch (SimulatedCrashException)
        {
            _simulation.Happened("crash in recovery", node);
            node.Recovered(RecoveryResult.CrashedAgain);
            node.CrashedAt(node.CrashPlace);
            Down(node, powerCut: true);
        }
        catch (IOException failure) when (failure is DiskFullException || _simulation.SyncErrors.HasMet(node))
        {
            _simulation.Happened(failure is DiskFullException ? "restart on a full disk" : "sync failed in recovery", node);
            node.Recovered(failure is DiskFullException ? RecoveryResult.DiskFull : RecoveryResult.SyncFailed);
            Down(node, powerCut: false);
        }
        catch (ReplicaException) when (node.IsDamaged)
        {
            _simulation.Happened("damaged disk refused", node);
            node.Recovered(RecoveryResult.DamageRefused);
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
        _simulation.Network.Heal();
        _simulation.Network.IsFaulty = false;
        foreach (var node in _simulation.Nodes)
        {
            node.SlowDown(0, hangs: true);
            node.Disk.Inner.FreeBytes = long.MaxValue;
            node.Disk.Inner.CrashAt(long.MaxValue / 2, CrashMoment.Before);
            node.Disk.CrashAtPoint(null, CrashMoment.Before);
            node.Files.Inner.CrashAt(long.MaxValue / 2, CrashMoment.Before);
            node.Files.CrashAtPoint(null, CrashMoment.Before);
            node.Pause(0);
            Restart(node);
        }
    }

    private void Next() =>
        _simulation.Events.Add(_simulation.Now + _times.Below(2 * _swarm.FaultEvery), new(SimEventKind.Fault, default, default, 0, 0, 0, null));

    /// <summary>Any node, the leader more often.</summary>
    private SimNode Pick()
    {
        if (_random.Chance(0.4))
        {
            foreach (var node in _simulation.Nodes)
            {
                if (node.Replica?.Consensus.Core.Role == Role.Leader)
                    return node;
            }
        }

        var inService = _simulation.Nodes.FindAll(static node => !node.IsRetired);
        return inService[_random.Below(inService.Count)];
    }

    /// <summary>A disk is gone, and an empty one is in its place.</summary>
    private void LoseDisk(SimNode node)
    {
        if (!CanSpare(node))
            return;
        _simulation.Happened("disk lost", node);
        node.LoseDisk();
        _simulation.Checker.OnDiskLost(node);
        RestartLater(node);
    }

    /// <summary>A bit turns over. The node must notice or be none the worse.</summary>
    private void Rot(SimNode node)
    {
        if (!CanSpare(node) || !node.Rot(_random))
            return;
        _simulation.Happened("bit turned over", node);
        RestartLater(node);
    }

    /// <summary>
    /// Whether a disk may be lost: only while, with it, fewer than half of the voters have lost theirs, in every configuration that may come in
    /// force. More no cluster survives.
    /// </summary>
    private bool CanSpare(SimNode node)
    {
        var lost = _simulation.Nodes.Where(static other => other.HasLostDisk || other.IsDamaged).Select(static other => other.Id).Append(node.Id).ToHashSet();
        return _simulation.HasFormed && !node.HasLostDisk && !node.IsDamaged && !node.IsRetired && !_simulation.Operator.IsInDoubt
            && _simulation.Checker.Members.InUse().All(members => !members.IsJoint && MemberChecker.IsQuorum(members, id => !lost.Contains(id)));
    }

    private void RestartLater(SimNode node)
    {
        _onMedium[node.Id] = true;
        _simulation.Events.Add(_simulation.Now + _random.Between(1_000_000, 500_000_000), new(SimEventKind.Restart, node.Id, default, 0, 0, 0, null));
    }

    private void CrashNow(SimNode node)
    {
        if (node.Replica is null)
            return;
        var powerCut = _random.Chance(0.6);
        _simulation.Happened(powerCut ? "power cut" : "process killed", node);
        Down(node, powerCut);
    }

    private void CrashInDiskOperation(SimNode node)
    {
        var (operation, point, byPlace, moment) = (_random.Between(1, 10), IoPoints.Draw(_random), _random.Chance(0.7), Moment());
        if (node.Replica is null)
            return;

        // Nine in ten operations are writes and syncs of the log: the other places are met only by waiting for them.
        if (byPlace)
            node.Disk.CrashAtPoint(point, moment);
        else
            node.Disk.Inner.CrashAt(operation, moment);
    }

    /// <summary>A node's process ends; later it starts again.</summary>
    public void Down(SimNode node, bool powerCut)
    {
        var (lostBefore, neverStarted) = (node.Disk.Inner.Counters.TornFiles, node.Replica is null);
        node.Crash(powerCut);
        if (node.Disk.Inner.Counters.TornFiles > lostBefore)
            _simulation.Counts.Add("torn write");
        _onMedium[node.Id] = powerCut || (neverStarted && _onMedium.GetValueOrDefault(node.Id, true));
        var draw = _restarts[node.Id.Value];
        _simulation.Events.Add(
            _simulation.Now + 1_000_000 + draw.Below(draw.Chance(0.25) ? 6_000_000_000 : 300_000_000),
            new(SimEventKind.Restart, node.Id, default, 0, 0, 0, null));
    }

    private void Pause(SimNode node)
    {
        _simulation.Happened("process paused", node);
        node.Pause(_simulation.Now + _random.Between(10_000_000, 1_500_000_000), isSuspended: _random.Chance(0.4));
    }

    /// <summary>Something else takes nearly all the room on a disk, until a later fault gives it back.</summary>
    private void FillDisk(SimNode node)
    {
        _simulation.Happened("disk full", node);
        node.Disk.Inner.FreeBytes = _random.Below(20_000);
    }

    private void SlowDisk(SimNode node)
    {
        _simulation.Happened("slow disk", node);
        node.SlowDown(_simulation.Now + _random.Between(50_000_000, 2_000_000_000), hangs: _random.Chance(_swarm.HangShare * 0.4));
    }

    private CrashMoment Moment() => (CrashMoment)_random.Below(3);
}
