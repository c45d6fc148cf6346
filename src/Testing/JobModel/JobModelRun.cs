using System.Buffers;

namespace RaftStream.Testing;

/// <summary>
/// A drawn job on one replica without a cluster, held against its reference after each command: readers that take over from one another, commands that come again, log time that goes on, and restarts from
/// snapshots. The fast half of the model test. Used once.
/// </summary>
internal sealed class JobModelRun
{
    private const int Actions = 250;
    private const int MostToEnd = 20_000;

    private readonly SimRandom _random;
    private readonly SimRandom _hands;
    private readonly JobInputs _inputs;
    private readonly JobBuild _build;
    private readonly JobOracle _oracle;
    private readonly ArrayBufferWriter<byte> _command = new();
    private readonly List<Partition> _partitions = [];
    private readonly List<byte[]> _sent = [];
    private readonly ModelHands _drawn;
    private StreamMachine _machine;
    private long _logTime = 1;
    private long _index;
    private long _term = 1;

    private JobModelRun(JobSpec spec)
    {
        _random = new(spec.Seed ^ 0x7f3d_92c1_55ab_0e17);
        _hands = new(spec.Seed ^ 0x41c6_4e6d_3039_7a5b);
        (_inputs, _build) = (new(spec), new(spec));
        _oracle = new(spec, _build, _inputs, Counts);
        _drawn = new(spec, _build.Job, _oracle.HandedOn, _hands.Fork());
        _machine = new([_build.Job]);
        for (var source = 0; source < spec.Sources.Count; source++)
        {
            for (var partition = 0; partition < spec.Sources[source].Partitions; partition++)
                _partitions.Add(new(source, partition));
        }
    }

    private EventCounts Counts { get; } = new();

    private JobInstance? Instance => _machine.Jobs.Find(_build.Job.Name);

    /// <summary>Runs a seed; gives what happened, and the first difference.</summary>
    public static (EventCounts Counts, ViolationException? Violation) Run(ulong seed) => Run(JobDraw.Draw(seed));

    /// <summary>Runs a topology.</summary>
    public static (EventCounts Counts, ViolationException? Violation) Run(JobSpec spec)
    {
        var run = new JobModelRun(spec);
        try
        {
            for (var more = Actions; more > 0; more--)
            {
                run.Act();
                run.HandOn();
            }

            run.End();
            return (run.Counts, null);
        }
        catch (ViolationException violation)
        {
            return (run.Counts, violation);
        }
    }

    private void Act()
    {
        var partition = _partitions[_random.Below(_partitions.Count)];
        switch (_random.Below(20))
        {
            case 0:
                Register(partition);
                break;
            case 1:
                Open(partition);
                break;
            case 2:
                _logTime += 1_000_000L * _random.Between(0, 400);
                Tick();
                break;
            case 3 when _sent.Count > 0:
                _command.Write(_sent[_random.Below(_sent.Count)]);
                Counts.Add($"job command again {Apply()?.Problem}");
                break;
            case 4:
                Restart();
                break;
            default:
                if (partition.Reader is null)
                    Open(partition);
                Advance(partition, _random.Chance(0.2) ? 30 : _random.Between(1, 6));
                break;
        }
    }

    /// <summary>Everything is read to its end, and everything that is due goes off.</summary>
    private void End()
    {
        for (var left = MostToEnd; _partitions.Exists(partition => _oracle.Partition(partition.Source, partition.Number) is not { Watermark: long.MaxValue }); left--)
        {
            ViolationException.Require(left > 0, "Liveness", $"The sources are not read to their end.");
            HandOnAll();
            var partition = _partitions[_random.Below(_partitions.Count)];
            if (_oracle.Partition(partition.Source, partition.Number) is null)
                Register(partition);
            if (partition.Reader is null)
                Open(partition);
            Advance(partition, 10);
        }

        for (var left = MostToEnd; HasTimers(Instance!); left--)
        {
            ViolationException.Require(left > 0, "Liveness", $"Timers go on being due.");
            _logTime += 50_000_000;
            Tick();
        }

        // Where the last timer was the last that the command might fire, the watermark stands only with the next.
        Tick();
        HandOnAll();
        ViolationException.Require(_oracle.HandedOn.IsDone, "HandedOn", $"Outputs wait when all were handed on.");
        _oracle.CheckEnd(_machine);
        Restart();
        _oracle.CheckEnd(_machine);
    }

    /// <summary>Whether anything is set to go off.</summary>
    public static bool HasTimers(JobInstance instance) => instance.Tree.TryCeiling([StateKeys.Timer], out var found, out _) && found[0] == StateKeys.Timer;

    private void Register(Partition partition)
    {
        JobCommand.WriteRegister(_command, _build.Job, partition.Source, [JobSpec.PartitionName(partition.Number)]);
        Apply();
    }

    private void Open(Partition partition)
    {
        JobCommand.WriteOpen(_command, _build.Job, partition.Source, JobSpec.PartitionName(partition.Number));
        if (Apply() is { Problem: JobProblem.None } reply)
            (partition.Before, partition.Reader) = (partition.Reader, new(_build, _inputs, partition.Source, partition.Number, reply));
    }

    private void Tick()
    {
        JobCommand.WriteTick(_command, _build.Job);
        Apply();
    }

    /// <summary>Somebody says of some outputs that they were handed on, or cannot be: also again, late, and of some that nobody was given.</summary>
    private void HandOn()
    {
        if (Instance is null || !_hands.Chance(0.2))
            return;
        if (_hands.Chance(0.3))
            _term += _hands.Below(2);
        if (_hands.Chance(0.5))
        {
            if (_drawn.TryDraw(_command))
                Apply();
            return;
        }

        var sinks = _oracle.HandedOn.Sinks;
        if (sinks.Count == 0)
            return;
        var sink = sinks[_hands.Below(sinks.Count)];
        var upTo = _hands.Between((int)sink.First - 2, (int)sink.Made + 1);
        if (sink.Again.Count > 0 && _hands.Chance(0.5))
            JobCommand.WriteResent(_command, _build.Job, sink.Node.Id, sink.Again.Min, _term, _hands.Chance(0.5) ? "" : "It is not wanted.");
        else if (_hands.Chance(0.3))
            JobCommand.WriteRefuse(_command, _build.Job, sink.Node.Id, sink.First, upTo, _term, "They are not wanted.");
        else
            JobCommand.WriteAcknowledge(_command, _build.Job, sink.Node.Id, upTo);
        Apply();
    }

    /// <summary>What waits is handed on.</summary>
    private void HandOnAll()
    {
        foreach (var sink in _oracle.HandedOn.Sinks)
        {
            if (sink.First <= sink.Made)
            {
                JobCommand.WriteAcknowledge(_command, _build.Job, sink.Node.Id, sink.Made);
                Apply();
            }

            while (sink.Again.Count > 0)
            {
                JobCommand.WriteResent(_command, _build.Job, sink.Node.Id, sink.Again.Min, _term, "");
                Apply();
            }
        }
    }

    private void Advance(Partition partition, int records)
    {
        var isStale = partition.Before is not null && _random.Chance(0.1);
        var reader = isStale ? partition.Before : partition.Reader;
        if (reader is null or { IsAtEnd: true })
            return;
        reader.Take(_command, partition.IsDeclined ? 1 : records);
        var command = _command.WrittenSpan.ToArray();
        _sent.Add(command);
        var reply = Apply()!;
        for (var left = MostToEnd; reply.Problem == JobProblem.Busy; left--)
        {
            ViolationException.Require(left > 0, "Liveness", $"The job stays busy.");
            _command.Write(command);
            reply = Apply()!;
        }

        if (isStale)
            return;
        partition.IsDeclined = reply.Problem == JobProblem.StateFull;
        if (reply.Problem != JobProblem.None)
            partition.Reader = null;
    }

    /// <summary>Writes a snapshot and goes on with a replica that was restored from it.</summary>
    private void Restart()
    {
        var output = new ArrayBufferWriter<byte>();
        using (var view = _machine.Capture())
        {
            while (view.WriteNext(output))
            {
                // Each call writes a piece.
            }
        }

        var hash = _machine.StateHash;
        _machine = new([_build.Job]);
        _machine.Restore(new SnapshotBytes(output.WrittenSpan.ToArray(), new(new(_index), new(_term))));
        ViolationException.Require(_machine.StateHash == hash, "EqualState", $"A replica that was restored has another state.");
        Counts.Add(_machine.Jobs.Begun.Count > 0 ? "job restored from a snapshot" : "restored without a job");
    }

    private JobReply? Apply()
    {
        _logTime += 1_000L * _random.Between(1, 20_000);
        Command[] commands = [new(new(new(++_index), new(_term)), _logTime, _command.WrittenSpan.ToArray())];
        _command.ResetWrittenCount();
        var reply = new ArrayBufferWriter<byte>();
        var results = new Results(reply, new int[1]);
        _machine.Apply(new CommandBatch(commands), ref results);
        if (Instance is not null)
            _oracle.OnApplied(_machine, commands[0]);
        var read = JobReply.TryRead(reply.WrittenSpan);
        Counts.Add($"job reply {read?.Problem}");
        if (read is not null)
            _oracle.HandedOn.CheckAnswer(_index, read.Problem);
        return read;
    }

    private sealed class Partition(int source, int number)
    {
        public int Source => source;

        public int Number => number;

        public ModelReader? Reader { get; set; }

        public ModelReader? Before { get; set; }

        /// <summary>Whether its last batch found no room in the state: the next one has a record only.</summary>
        public bool IsDeclined { get; set; }
    }

    private sealed class SnapshotBytes(byte[] bytes, LogPosition position) : ISnapshotReader
    {
        private int _at;

        public LogPosition Position => position;

        public int Read(Span<byte> destination)
        {
            var count = Math.Min(destination.Length, bytes.Length - _at);
            bytes.AsSpan(_at, count).CopyTo(destination);
            _at += count;
            return count;
        }
    }
}
