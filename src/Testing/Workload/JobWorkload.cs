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
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private long _askAgainAt;
    private int _asked;
    private bool _hasTimers;
    private bool _isAway;
    private bool _isSettled;

    public JobWorkload(Simulation simulation, Swarm swarm, SimRandom random)
    {
        (_simulation, _swarm, _random, _times) = (simulation, swarm, random, random.Fork());
        _spec = JobDraw.Draw(simulation.Options.Seed);
        (_inputs, _build) = (new(_spec), new(_spec));
        _oracle = new(_spec, _build, _inputs, simulation.Counts);
        for (var source = 0; source < _spec.Sources.Count; source++)
        {
            for (var partition = 0; partition < _spec.Sources[source].Partitions; partition++)
                _partitions.Add((source, partition));
        }
    }

    public bool IsActive { get; set; } = true;

    public bool IsAtRest => _isSettled && !_hasTimers && _partitions.TrueForAll(IsRead);

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
        _simulation.Counts.Add("job read to its end");
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
