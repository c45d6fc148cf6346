using System.Buffers;
using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// A drawn stream job on a simulated cluster: partitions become known one after the other, readers on all nodes take over from one another, commands come again, and somebody has what is due go off. After each
/// command the job is held against its reference, at the end on every replica.
/// </summary>
internal sealed class JobWorkload : IWorkload
{
    private const int MostReaders = 24;

    /// <summary>After so many nanoseconds without an answer somebody asks again.</summary>
    private const long Patience = 300_000_000;

    /// <summary>So many ticks at once when all is read: a job that has few timers go off for each command comes to rest in the time of a run.</summary>
    private const int TicksAtTheEnd = 4;

    /// <summary>So many commands are held back to come late.</summary>
    private const int MostLate = 4;

    private readonly Simulation _simulation;
    private readonly Swarm _swarm;
    private readonly SimRandom _random;
    private readonly SimRandom _times;
    private readonly JobSpec _spec;
    private readonly JobInputs _inputs;
    private readonly JobBuild _build;
    private readonly JobOracle _oracle;
    private readonly List<(int Source, int Partition)> _partitions = [];
    private readonly List<SimJobReader> _readers = [];
    private readonly List<ModelReceiver> _receivers;
    private readonly List<SimHandOn> _handers = [];
    private readonly List<(long At, byte[] Command)> _late = [];
    private readonly ModelHands _hands;
    private readonly SimRandom _handed;
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private long _askAgainAt;
    private long _sayAgainAt;
    private int _asked;
    private int _said;
    private bool _hasTimers;
    private bool _isAway;
    private bool _isSettled;

    public JobWorkload(Simulation simulation, Swarm swarm, SimRandom random)
    {
        (_simulation, _swarm, _random, _times) = (simulation, swarm, random, random.Fork());
        _spec = JobDraw.Draw(simulation.Options.Seed);
        (_inputs, _build) = (new(_spec), new(_spec));
        _oracle = new(_spec, _build, _inputs, simulation.Counts);
        _handed = new(simulation.Options.Seed ^ 0x1d87_2b41_9c0e_66a3);
        _hands = new(_spec, _build.Job, _oracle.HandedOn, _handed.Fork());
        _receivers = [.. _oracle.HandedOn.Sinks.Select(sink => new ModelReceiver(sink, _handed.Fork(), simulation.Counts))];
        for (var source = 0; source < _spec.Sources.Count; source++)
        {
            for (var partition = 0; partition < _spec.Sources[source].Partitions; partition++)
                _partitions.Add((source, partition));
        }
    }

    public bool IsActive { get; set; } = true;

    /// <summary>The job that was drawn.</summary>
    public Job Job => _build.Job;

    public bool IsAtRest => _isSettled && !_hasTimers && _oracle.HandedOn.IsDone && _partitions.TrueForAll(IsRead);

    public IStateMachine CreateMachine() => new StreamMachine([_build.Job]);

    public void Begin() => Next();

    public void Act()
    {
        if (_isAway)
            return;
        Next();
        foreach (var reader in _readers)
            reader.Step();
        _readers.RemoveAll(static reader => reader.IsOver);
        foreach (var (source, partition) in _partitions)
            Look(source, partition);
        HandOn();
        if (IsActive && _random.Chance(0.05))
            Repeat();
        else if (_random.Chance(IsActive ? 0.2 : 1) && !IsAtRest && MayAsk())
            Tick();
    }

    public void OnFault()
    {
        // Readers notice by the answers that they do not get.
    }

    /// <summary>A replica that starts may have the job from a snapshot.</summary>
    public void OnStarted(SimNode node)
    {
        if (node.ApplyingMachine is StreamMachine { Jobs.Begun.Count: > 0 })
            _simulation.Counts.Add("job restored from a snapshot");
    }

    public void Burst(SimNode node, int commands)
    {
        for (; commands > 0; commands--)
            node.Ask(new(RequestKind.Propose, new byte[1], static _ => { }));
    }

    public void Leave() => _isAway = true;

    public void OnNewState(SimNode node, in Command command)
    {
        var machine = (StreamMachine)node.ApplyingMachine!;
        if (machine.Jobs.Find(_build.Job.Name) is not { } instance)
            return;
        _oracle.OnApplied(machine, command);
        _hasTimers = JobModelRun.HasTimers(instance);
        _isSettled = !_hasTimers && _oracle.IsSettled(instance);
    }

    public void CheckEnd(IReadOnlyList<IStateMachine> replicas)
    {
        foreach (var replica in replicas)
            _oracle.CheckEnd((StreamMachine)replica);
        foreach (var receiver in _receivers)
            receiver.CheckEnd();
        _simulation.Counts.Add("job read to its end");
    }

    /// <summary>The job at a node; null before its first command.</summary>
    public JobInstance? Instance(SimNode node) => (node.ApplyingMachine as StreamMachine)?.Jobs.Find(_build.Job.Name);

    /// <summary>What somebody tells the log comes some milliseconds later, through whichever node leads then.</summary>
    public void TellLater(byte[] command, int milliseconds)
    {
        if (_late.Count < MostLate)
            _late.Add((_simulation.Now + (1_000_000L * milliseconds), command));
    }

    /// <summary>The log was told what became of outputs.</summary>
    public void OnTold(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return;
        var reply = JobReply.TryRead(answer.Reply.Span) ?? throw new ViolationException("SoundReplies", "The reply to a node that hands outputs on cannot be read.");
        _oracle.HandedOn.CheckAnswer(answer.Position.Index.Value, reply.Problem);
    }

    private void Next() =>
        _simulation.Events.Add(_simulation.Now + 1 + _times.Below(2 * _swarm.ClientEvery), new(SimEventKind.Client, default, default, 0, 0, 0, null));

    private bool IsRead((int Source, int Partition) partition) => _oracle.Partition(partition.Source, partition.Partition) is { Watermark: long.MaxValue };

    /// <summary>One such command at a time, or the log of a slow cluster grows faster than it is replicated.</summary>
    private bool MayAsk()
    {
        if (_simulation.Now < _askAgainAt)
            return false;
        _askAgainAt = _simulation.Now + Patience;
        return true;
    }

    /// <summary>A partition that is not known becomes so; one that is gets a reader at a node that leads, now and then a second one elsewhere.</summary>
    private void Look(int source, int partition)
    {
        if (IsRead((source, partition)))
            return;
        if (_oracle.Partition(source, partition) is null)
        {
            if ((IsActive && !_random.Chance(0.1)) || !MayAsk())
                return;
            JobCommand.WriteRegister(_bytes, _build.Job, source, [JobSpec.PartitionName(partition)]);
            Ask(Answered());
            return;
        }

        foreach (var node in _simulation.Nodes)
        {
            if (node.Replica?.Consensus.IsReady != true)
                continue;
            var has = _readers.Exists(reader => reader.Source == source && reader.Partition == partition && reader.Node == node);
            if ((!has || _random.Chance(0.01)) && _readers.Count < MostReaders)
                _readers.Add(new(_simulation, _build, _inputs, node, source, partition, _random.Fork()));
        }
    }

    /// <summary>Whoever leads, or believes so, hands outputs on; and others have their say about it.</summary>
    private void HandOn()
    {
        _handers.RemoveAll(static hander => hander.IsGone);
        foreach (var receiver in _receivers)
        {
            foreach (var node in _simulation.Nodes)
            {
                if (node.Replica?.Consensus.IsReady == true && !_handers.Exists(hander => hander.Receiver == receiver && hander.Node == node && !hander.IsOver))
                    _handers.Add(new(this, _simulation, receiver, node, _handed.Fork()));
            }
        }

        foreach (var hander in _handers)
            hander.Step();
        if (!IsActive || _simulation.Now < _sayAgainAt || !_handed.Chance(0.1))
            return;
        if (_late.FindIndex(late => late.At <= _simulation.Now) is var due && due >= 0)
        {
            _bytes.Write(_late[due].Command);
            _late.RemoveAt(due);
        }
        else if (!_hands.TryDraw(_bytes))
        {
            return;
        }

        _sayAgainAt = _simulation.Now + Patience;
        var said = ++_said;
        Ask(answer =>
        {
            _sayAgainAt = said == _said ? 0 : _sayAgainAt;
            OnTold(answer);
        });
    }

    /// <summary>Somebody sends a reader's last command again: it must not count twice.</summary>
    private void Repeat()
    {
        if (_readers.Count == 0 || _readers[_random.Below(_readers.Count)].LastCommand is not { } command)
            return;
        _bytes.Write(command);
        Ask(answer => _simulation.Counts.Add(answer.Outcome == Outcome.Applied ? $"job command again {JobReply.TryRead(answer.Reply.Span)?.Problem}" : $"job command again {answer.Outcome}"));
    }

    private void Tick()
    {
        var answered = Answered();
        for (var left = IsActive ? 1 : TicksAtTheEnd; left > 0; left--)
        {
            JobCommand.WriteTick(_bytes, _build.Job);
            Ask(left == 1 ? answered : static _ => { });
        }
    }

    /// <summary>The next may be asked as soon as the newest is answered; an answer that comes after the patience for it was over says nothing, or each such would add one more to those on their way.</summary>
    private Action<Answer> Answered()
    {
        var asked = ++_asked;
        return _ => _askAgainAt = asked == _asked ? 0 : _askAgainAt;
    }

    private void Ask(Action<Answer> answered)
    {
        var command = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        var node = _simulation.Nodes[_random.Below(_simulation.Nodes.Count)];
        if (_random.Chance(0.8))
            node = _simulation.Nodes.Find(static candidate => candidate.Replica?.Consensus.Core.Role == Role.Leader) ?? node;
        node.Ask(new(RequestKind.Propose, command, answered));
    }
}
