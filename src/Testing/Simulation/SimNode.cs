using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// A machine in a simulation: its disk, its clock and, while its process lives, a replica, the very one that a real node runs.
/// </summary>
internal sealed class SimNode : INetwork, IDisposable
{
    private readonly Simulation _simulation;
    private readonly Swarm _swarm;
    private readonly SimRandom _random;
    private readonly long[] _pollAt = [.. Enum.GetValues<SimAgent>().Select(static _ => long.MaxValue)];
    private readonly TurnClock _applyTurn;
    private readonly SimRandom _outbox;
    private long _timerAt = long.MaxValue;
    private Instant? _stoppedAt;
    private (long Slow, long Hung) _diskUntil;
    private long _applyHangsUntil;
    private bool _isSuspended;
    private (int Point, CrashMoment Moment)? _crashedAt;

    public SimNode(Simulation simulation, Swarm swarm, NodeId id, SimRandom random)
    {
        (_simulation, _swarm, Id, _random) = (simulation, swarm, id, random);
        Clock = new(simulation.Time, random.Below(1_000_000_000_000), 1 + simulation.DrawDrift(random));
        _applyTurn = new(Clock);
        _outbox = new(simulation.Options.Seed ^ 0x2545_f491_4f6c_dd1d ^ ((ulong)id.Value << 32));
        Disk = new(new(random.Fork()), Shadow);
        Files = new(new(new(simulation.Options.Seed ^ 0x94d0_49bb_1331_11eb ^ ((ulong)id.Value << 32))), new());
    }

    public NodeId Id { get; }

    public SimClock Clock { get; }

    public ShadowLog Shadow { get; } = new();

    public ShadowDisk Disk { get; }

    /// <summary>The disk for the state machine's own files.</summary>
    public ShadowDisk Files { get; }

    /// <summary>Where a crash in a disk operation has come, on whichever disk.</summary>
    public (int Point, CrashMoment Moment) CrashPlace => Files.Inner.IsDown ? (Files.LastPoint, Files.Inner.Moment) : (Disk.LastPoint, Disk.Inner.Moment);

    /// <summary>The process, while it lives.</summary>
    public Replica? Replica { get; private set; }

    /// <summary>The state machine of this life, also while the process recovers.</summary>
    public IStateMachine? ApplyingMachine { get; private set; }

    /// <summary>Counts the process's lives.</summary>
    public int Life { get; private set; }

    /// <summary>Whether the machine is out of service for good.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>Whether its disk was lost, and with it what it promised.</summary>
    public bool HasLostDisk { get; private set; }

    /// <summary>Whether a bit on its disk turned over.</summary>
    public bool HasRotted { get; private set; }

    /// <summary>Whether its disk was put back, or its log cut, so that nothing shows it: what it promised may be gone.</summary>
    public bool HasForgotten { get; private set; }

    /// <summary>Whether something other than a crash changed what its disk holds.</summary>
    public bool IsDamaged => HasRotted || HasForgotten;

    /// <summary>Until when the process stands still.</summary>
    public long PausedUntil { get; private set; }

    /// <summary>When the consensus agent had its last whole turn, in true time.</summary>
    public long LastTurn { get; private set; }

    /// <summary>Starts the process: recovers from what the disk holds.</summary>
    public void Start(bool isOnMedium)
    {
        Life++;
        var parker = new Parker();
        ApplyingMachine = _simulation.Workload.CreateMachine(Files);
        var machine = new RecordingMachine(ApplyingMachine, this, _simulation.Checker);
        var replica = Replica.Open(SimReplicas.Options(_simulation, _swarm, Id, _random.NextBits(), _outbox), Disk, machine, this, Clock, new(parker, parker, parker));
        Replica = replica;
        Shadow.Recovered(Disk.Inner, replica.Disk.Log, isOnMedium, IsDamaged);
        if (replica.Facts.TornBytes > 0)
            _simulation.Counts.Add("torn tail cut");
        _simulation.Checker.OnStarted(this);
        _simulation.SyncErrors.Forget(this);
        _simulation.Workload.OnStarted(this);
        Wake();
    }

    /// <summary>The process ends in the middle of whatever it did. What it kept in memory is gone; <paramref name="powerCut"/>: what was not synced, too.</summary>
    public void Crash(bool powerCut)
    {
        CountLife();

        // Nothing is disposed: a process that dies closes nothing, and its disk refuses it from now on.
        (Replica, ApplyingMachine) = (null, null);
        Array.Fill(_pollAt, long.MaxValue);
        (_timerAt, _applyHangsUntil) = (long.MaxValue, 0);
        (PausedUntil, _stoppedAt) = (0, null);
        Disk.CloseAll();
        Files.CloseAll();
        Shadow.Down(powerCut);
        foreach (var disk in new[] { Disk.Inner, Files.Inner })
        {
            if (powerCut)
                disk.Crash();
            else
                disk.Kill();
        }
    }

    /// <summary>The process died in an operation of its disk.</summary>
    public void CrashedAt((int Point, CrashMoment Moment) place) => _crashedAt = place;

    /// <summary>The process started again, or tried to: what became of the disk it left behind.</summary>
    public void Recovered(RecoveryResult result)
    {
        if (_crashedAt is { } crashed)
            _simulation.Coverage.Recovered(crashed.Point, crashed.Moment, result);
        _crashedAt = null;
    }

    /// <summary>The machine goes out of service.</summary>
    public void Retire()
    {
        if (Replica is not null)
            Crash(powerCut: true);
        IsRetired = true;
    }

    /// <summary>A bit turns over in what the disk holds, in the log or in a snapshot; the process dies, or nobody would look.</summary>
    public bool Rot(SimRandom random)
    {
        if (Replica is not null)
            Crash(powerCut: true);
        var files = Disk.Inner.List().Where(static name => !name.EndsWith(".part", StringComparison.Ordinal) && !name.EndsWith(".new", StringComparison.Ordinal)).ToList();
        if (files.Count == 0)
            return false;
        var name = files[random.Below(files.Count)];
        long length;
        using (var file = Disk.Inner.Open(name))
            length = file.Length;
        if (length > 0)
            Disk.Inner.FlipBit(name, random.Below(length * 8));
        HasRotted = true;
        return length > 0;
    }

    /// <summary>The process dies, and its disk is again what it was once.</summary>
    public void PutDiskBack(SimDisk copy) => DamageDisk(disk => disk.PutBack(copy));

    /// <summary>The process dies, and what its disk holds is changed so that nothing shows it.</summary>
    public void DamageDisk(Action<SimDisk> damage)
    {
        if (Replica is not null)
            Crash(powerCut: true);
        HasForgotten = true;
        damage(Disk.Inner);
    }

    /// <summary>The disk cannot be read any more, and the machine is as good as without it.</summary>
    public void GiveDiskUp()
    {
        HasLostDisk = true;
        Retire();
    }

    /// <summary>The process dies and its disk is replaced by an empty one.</summary>
    public void LoseDisk()
    {
        if (Replica is not null)
            Crash(powerCut: true);
        HasLostDisk = true;
        foreach (var disk in new[] { Disk.Inner, Files.Inner })
        {
            foreach (var name in disk.List())
                disk.Delete(name);
            disk.SyncFolder();
        }

        Shadow.Forget();
    }

    /// <summary>Counts what this life of the process did, at its end.</summary>
    public void CountLife()
    {
        if (Replica is not null)
            ReplicaCounts.Add(_simulation.Counts, Replica);
    }

    /// <summary>The disk is slow until then, or answers nothing at all.</summary>
    public void SlowDown(long until, bool hangs) => _diskUntil = (until, hangs ? until : _diskUntil.Hung);

    /// <summary>The state machine works until then on what it has; all else goes on.</summary>
    public void HangApply(long until) => _applyHangsUntil = until;

    /// <summary>Whether the state machine would keep an entry that comes now waiting.</summary>
    public bool IsApplyHung => _simulation.Now < _applyHangsUntil;

    /// <summary>The process stands still until then, as under SIGSTOP; or its whole machine is suspended, and frames for it are lost.</summary>
    public void Pause(long until, bool isSuspended = false)
    {
        if (PausedUntil <= _simulation.Now)
            _stoppedAt = Clock.Now;
        (PausedUntil, _isSuspended) = (until, isSuspended);
    }

    /// <summary>Polls an agent if the poll is still wanted; returns how much it did.</summary>
    public int Poll(SimAgent agent, int life, long scheduledFor)
    {
        if (Replica is not { } replica || life != Life || _pollAt[(int)agent] != scheduledFor)
            return 0;
        _pollAt[(int)agent] = long.MaxValue;
        if (PausedUntil > _simulation.Now)
        {
            Schedule(agent, PausedUntil - _simulation.Now);
            return 0;
        }

        var done = agent switch
        {
            SimAgent.Consensus => PollConsensus(replica),
            SimAgent.Disk or SimAgent.DiskRetry => replica.Disk.Poll(Clock),
            SimAgent.Outbox or SimAgent.OutboxRetry => replica.Outbox.Poll(Clock),
            _ => PollApply(replica),
        };
        Wake();
        return done;
    }

    /// <summary>A frame arrives.</summary>
    public void Deliver(NodeId from, byte[] frame)
    {
        _simulation.Coverage.Delivered(frame);
        if (!(_isSuspended && PausedUntil > _simulation.Now) && Replica?.Queues.Frames.TryEnqueue(new(from, frame)) == true)
            Wake();
    }

    /// <summary>A caller in the process asks for something. False: there is no process, or its queue is full.</summary>
    public bool Ask(SimRequest request)
    {
        request.Coverage = _simulation.Coverage;
        var askedAt = _simulation.Now;
        if (request.Kind == RequestKind.Read)
            request.Answered = () => _simulation.Checker.Promises.Rounds.OnRead(this, askedAt);
        if (Replica?.Queues is not { } queues || !(request.Concern == WriteConcern.Available ? queues.Accepts : queues.Requests).TryEnqueue(request))
            return false;
        Wake();
        return true;
    }

    public bool TrySend(NodeId peer, Lane lane, ReadOnlySpan<byte> frame)
    {
        _simulation.Checker.Promises.OnSent(this, peer, frame);
        _simulation.Trace.AddFrame(frame);
        return _simulation.Network.Send(Id, peer, lane, frame);
    }

    public void Dispose() => Replica?.Dispose();

    /// <summary>Sees to it that every agent that has something to do will be polled, after a time that is this simulation's to choose.</summary>
    private void Wake()
    {
        var queues = Replica!.Queues;
        if (queues.Frames.Count > 0 || queues.Requests.Count > 0 || queues.DiskDone.Count > 0 || queues.ApplyDone.Count > 0)
            Schedule(SimAgent.Consensus, _random.Between(1_000, 100_000));
        if (Replica.Disk.HasWork)
            Schedule(SimAgent.Disk, DiskTime());
        if (Replica.Disk.NextDeadline != Instant.Never)
            Schedule(SimAgent.DiskRetry, Clock.TrueTimeOf(Replica.Disk.NextDeadline) - _simulation.Now + DiskTime());
        if (queues.Apply.Count > 0)
            Schedule(SimAgent.Apply, Math.Max(0, _applyHangsUntil - _simulation.Now) + _swarm.ApplyTime(_random, _simulation.Workload.IsActive && !_simulation.Options.Without.HasFlag(SimulationPart.SlowApplies)));
        if (Replica.Outbox.HasWork)
            Schedule(SimAgent.Outbox, Math.Max(0, _diskUntil.Hung - _simulation.Now) + _outbox.Between(50_000, 2_000_000));
        if (Replica.Outbox.NextDeadline != Instant.Never)
            Schedule(SimAgent.OutboxRetry, Clock.TrueTimeOf(Replica.Outbox.NextDeadline) - _simulation.Now + _outbox.Between(1_000, 2_000_000));
        ScheduleTimer(Clock.TrueTimeOf(Replica.Consensus.NextDeadline));
    }

    /// <summary>A turn of the consensus agent; the first one after a pause may be one that the pause cut in two.</summary>
    private int PollConsensus(Replica replica)
    {
        if (_stoppedAt is { } stopped && _random.Chance(0.5))
            Clock.FallAsleep(stopped, replica.Queues);
        _stoppedAt = null;
        try
        {
            var done = replica.Consensus.Poll(Clock);
            if (!Clock.IsAsleep)
                LastTurn = _simulation.Now;
            return done;
        }
        finally
        {
            Clock.WakeUp();
        }
    }

    private int PollApply(Replica replica)
    {
        _applyTurn.Begin(replica.Queues.Apply.Count > 1 && _random.Chance(0.3) ? 1 : int.MaxValue);
        return replica.Apply.Poll(_applyTurn);
    }

    private long DiskTime() => Math.Max(0, _diskUntil.Hung - _simulation.Now)
        + (_simulation.Now < _diskUntil.Slow && _simulation.Now >= _diskUntil.Hung ? _random.Between(20_000_000, 400_000_000) : _random.Between(50_000, 2_000_000));

    private void Schedule(SimAgent agent, long after)
    {
        if (_pollAt[(int)agent] != long.MaxValue)
            return;
        _pollAt[(int)agent] = _simulation.Now + after;
        _simulation.Events.Add(_pollAt[(int)agent], new(SimEventKind.Poll, Id, default, Life, (int)agent, _pollAt[(int)agent], null));
    }

    /// <summary>A timer polls the consensus agent at its deadline; an earlier poll for another reason moves it.</summary>
    private void ScheduleTimer(long at)
    {
        if (at == long.MaxValue || at == _timerAt)
            return;
        _timerAt = at;
        _simulation.Events.Add(at, new(SimEventKind.Timer, Id, default, Life, 0, at, null));
    }

    /// <summary>A timer fired; stale ones do nothing.</summary>
    public int Fire(int life, long at)
    {
        if (Replica is null || life != Life || at != _timerAt)
            return 0;
        _timerAt = long.MaxValue;
        if (PausedUntil > _simulation.Now)
        {
            ScheduleTimer(PausedUntil);
            return 0;
        }

        var done = PollConsensus(Replica);
        Wake();
        return done;
    }
}
