using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// Follows what the log is told of outputs that leave the cluster and of dead letters, and holds the job against it: what is acknowledged leaves and does not come back, nothing else leaves, sequences have no gap, and
/// what an outdated node says of refusals changes nothing.
/// </summary>
internal sealed class HandedOnOracle
{
    private const string Broken = "HandedOn";

    private readonly JobReference _reference;
    private readonly EventCounts _counts;
    private readonly RoomOracle _room;
    private readonly HashSet<long> _gone = [];
    private readonly Dictionary<long, JobProblem> _answers = [];

    public HandedOnOracle(JobReference reference, RoomOracle room, IEnumerable<(RefSink Sink, SinkNode Node)> sinks, EventCounts counts)
    {
        (_reference, _room, _counts) = (reference, room, counts);
        Sinks = [.. sinks.Where(static sink => sink.Sink.Spec.IsHandedOn).Select(static sink => new RefHandedOn(sink.Sink, sink.Node))];
    }

    /// <summary>The sinks whose outputs are handed on.</summary>
    public IReadOnlyList<RefHandedOn> Sinks { get; }

    /// <summary>The term of the newest command.</summary>
    public long Term { get; private set; }

    /// <summary>How many dead letters the job has made so far.</summary>
    public long Letters { get; set; }

    /// <summary>A command was applied for the first time.</summary>
    public void Begin(in Command command) => Term = command.Position.Term.Value;

    /// <summary>Follows a command that this is about. False: it cannot be read.</summary>
    public bool TryFollow(JobOpcode opcode, ref MessagePackReader reader, in Command command, JobInstance instance)
    {
        if (Read(opcode, ref reader, instance) is not { } problem)
            return false;
        _answers.Add(command.Position.Index.Value, problem);
        _counts.Add($"job {opcode} {problem}");
        return true;
    }

    /// <summary>What a node was answered for a command at a place in the log.</summary>
    public void CheckAnswer(long index, JobProblem problem)
    {
        if (!_answers.TryGetValue(index, out var expected))
            return;
        ViolationException.Require(problem == expected, Broken, $"The command at {index} was answered with {problem} and must be with {expected}.");
        _counts.Add("job answer to a node that hands on");
    }

    /// <summary>Whether a dead letter is there.</summary>
    public bool IsThere(long letter) => letter > Math.Max(0, Letters - JobLetters.Most) && letter <= Letters && !_gone.Contains(letter);

    /// <summary>Whether a dead letter can go in again.</summary>
    public bool IsReplayable(long letter) => IsThere(letter) && (LetterAt(letter).Output > 0 || _reference.CanReplay((int)letter - 1));

    /// <summary>Whether a dead letter is a record, or a timer.</summary>
    public bool IsOfRecord(long letter) => LetterAt(letter).Output == 0;

    /// <summary>Whether everything was handed on, or set aside.</summary>
    public bool IsDone => Sinks.All(static sink => sink.IsDone);

    /// <summary>Holds what waits against what must, output by output.</summary>
    public void Compare(JobInstance instance)
    {
        foreach (var sink in Sinks)
        {
            var outputs = instance.Context.Outputs;
            ViolationException.Require(!outputs.TryGet(sink.Node, sink.First - 1, out _, out _), Broken, $"Output {sink.First - 1} of sink {sink.Sink.Name} was handed on and is there.");
            for (var sequence = sink.First; sequence <= sink.Made; sequence++)
            {
                ViolationException.Require(outputs.TryGet(sink.Node, sequence, out var time, out var payload), Broken, $"Output {sequence} of sink {sink.Sink.Name} waits and is not there.");
                Require(sink, sequence, time, payload);
            }

            CompareAgain(instance, sink);
        }

        foreach (var letter in _gone)
            ViolationException.Require(instance.Context.Letters.Find(letter) is null, Broken, $"Dead letter {letter} was taken out and is there.");
    }

    private static void CompareAgain(JobInstance instance, RefHandedOn sink)
    {
        var from = 0L;
        foreach (var sequence in sink.Again)
        {
            ViolationException.Require(
                instance.Context.Resends.TryNext(sink.Node, from, out var found, out var time, out var payload) && found == sequence, Broken, $"Output {sequence} of sink {sink.Sink.Name} is to go out again and does not wait.");
            Require(sink, sequence, time, payload);
            from = sequence + 1;
        }

        ViolationException.Require(!instance.Context.Resends.TryNext(sink.Node, from, out var more, out _, out _), Broken, $"Output {more} of sink {sink.Sink.Name} waits to go out again and must not.");
    }

    private static void Require(RefHandedOn sink, long sequence, long time, ReadOnlySpan<byte> payload)
    {
        var text = System.Text.Encoding.UTF8.GetString(payload);
        ViolationException.Require((time, text) == sink.Sink.Outputs[(int)sequence - 1], Broken, $"Output {sequence} of sink {sink.Sink.Name} is {text} at {time} and must be {sink.Sink.Outputs[(int)sequence - 1]}.");
    }

    private JobProblem? Read(JobOpcode opcode, ref MessagePackReader reader, JobInstance instance)
    {
        if (!reader.TryReadInt64(out var first))
            return null;
        if (opcode is JobOpcode.Replay or JobOpcode.Discard)
            return opcode == JobOpcode.Replay ? Replay(first, instance) : Discard(first);
        var sink = Sinks.FirstOrDefault(sink => sink.Node.Id == first);
        if (sink is null || !reader.TryReadInt64(out var sequence))
            return null;
        if (opcode == JobOpcode.Acknowledge)
            return Acknowledge(sink, sequence);
        var upTo = sequence;
        if ((opcode == JobOpcode.Refuse && !reader.TryReadInt64(out upTo)) || !reader.TryReadInt64(out var epoch) || !reader.TryReadString(4 * JobLetter.MaxReason, out var reason))
            return null;
        return epoch != Term ? JobProblem.Deposed : opcode == JobOpcode.Refuse ? Refuse(sink, sequence, upTo, reason) : Resent(sink, sequence, reason);
    }

    /// <summary>What was handed on waits no more, what comes late takes nothing back, and of what was not given out nothing is taken.</summary>
    private JobProblem Acknowledge(RefHandedOn sink, long upTo)
    {
        if (upTo > sink.Made)
            return JobProblem.NotFound;
        _counts.Add(upTo < sink.First ? "job outputs acknowledged again" : "job outputs acknowledged");
        sink.First = Math.Max(sink.First, upTo + 1);
        _reference.Fire();
        return JobProblem.None;
    }

    /// <summary>The oldest outputs cannot be handed on.</summary>
    private JobProblem Refuse(RefHandedOn sink, long from, long upTo, string reason)
    {
        if (from != sink.First || upTo < from || upTo > sink.Made || upTo - from >= DeliveryRules.MostOutputs)
            return JobProblem.NotFound;
        for (var sequence = from; sequence <= upTo; sequence++)
            SetAside(sink, sequence, reason);
        sink.First = upTo + 1;
        _reference.Fire();
        return JobProblem.None;
    }

    private JobProblem Resent(RefHandedOn sink, long sequence, string reason)
    {
        if (!sink.Again.Remove(sequence))
            return JobProblem.NotFound;
        if (reason.Length > 0)
            SetAside(sink, sequence, reason);
        _counts.Add(reason.Length > 0 ? "job output a dead letter again" : "job output sent again");
        _reference.Fire();
        return JobProblem.None;
    }

    private JobProblem Replay(long letter, JobInstance instance)
    {
        if (!IsReplayable(letter))
            return JobProblem.NotFound;
        var found = LetterAt(letter);
        if (_room.Declines(instance, instance.Context.Letters.Find(letter) is null, isOfRecord: found.Output == 0))
            return JobProblem.StateFull;
        if (found.Output == 0)
        {
            _gone.Add(letter);
            _counts.Add("job record replayed");
            _reference.Replay((int)letter - 1);
            return JobProblem.None;
        }

        var sink = Sinks.First(sink => sink.Sink.Name == found.Partition);
        if (sink.Again.Count >= JobResends.Most)
            return JobProblem.SinkFull;
        _gone.Add(letter);
        sink.Again.Add(found.Output);
        _counts.Add("job output replayed");
        _reference.Fire();
        return JobProblem.None;
    }

    private JobProblem Discard(long letter)
    {
        if (!IsThere(letter))
            return JobProblem.NotFound;
        _gone.Add(letter);
        _reference.Fire();
        return JobProblem.None;
    }

    private RefLetter LetterAt(long letter) => _reference.Letters[(int)letter - 1];

    private void SetAside(RefHandedOn sink, long sequence, string reason)
    {
        sink.SetAside.Add(sequence);
        _reference.SetAside((int)Letters++, new("", sink.Sink.Name, reason, sequence));
    }
}
