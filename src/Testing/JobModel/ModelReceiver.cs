namespace RaftStream.Testing;

/// <summary>
/// Somebody outside who takes the outputs of a sink as a careful receiver does: it refuses a lower epoch than it has seen, passes over what it has, and now and then refuses, or takes and does not answer.
/// </summary>
internal sealed class ModelReceiver(RefHandedOn sink, SimRandom random, EventCounts counts)
{
    private const string Broken = "HandedOnInOrder";

    /// <summary>One output in so many is refused, of the first few: each takes a command of its own.</summary>
    private const int RefusedEvery = 13;
    private const int MostRefused = 200;

    private readonly Dictionary<long, SinkOutput> _taken = [];
    private long _epoch;
    private long _last;

    /// <summary>The sink.</summary>
    public RefHandedOn Sink => sink;

    /// <summary>Whether it takes an output the first time that it sees it.</summary>
    public static bool Wants(long sequence) => sequence > MostRefused || sequence % RefusedEvery != 5;

    /// <summary>Takes outputs that wait, the oldest first. Null: it does not answer.</summary>
    public ReceiverAnswer? Take(long epoch, IReadOnlyList<SinkOutput> outputs)
    {
        if (epoch < _epoch)
        {
            counts.Add("job receiver told an outdated node so");
            return ReceiverAnswer.Outdated;
        }

        _epoch = epoch;
        if (random.Chance(0.05))
            return null;
        if (!Wants(outputs[0].Sequence))
            return ReceiverAnswer.Refused;
        foreach (var output in outputs)
            Take(output);
        return random.Chance(0.1) ? null : ReceiverAnswer.Taken;
    }

    /// <summary>Takes an output that was a dead letter.</summary>
    public ReceiverAnswer? TakeAgain(long epoch, SinkOutput output)
    {
        if (epoch < _epoch)
            return ReceiverAnswer.Outdated;
        _epoch = epoch;
        ViolationException.Require(sink.SetAside.Contains(output.Sequence), Broken, $"Output {output.Sequence} of sink {sink.Sink.Name} comes again and was no dead letter.");
        if (random.Chance(0.3))
            return random.Chance(0.5) ? ReceiverAnswer.Refused : null;
        _taken[output.Sequence] = output;
        return random.Chance(0.1) ? null : ReceiverAnswer.Taken;
    }

    /// <summary>At the end: what it took is what the sink was given, and what is missing is, or was, a dead letter.</summary>
    public void CheckEnd()
    {
        for (var sequence = 1L; sequence <= sink.Sink.Outputs.Count; sequence++)
        {
            if (_taken.TryGetValue(sequence, out var output))
                ViolationException.Require((output.Time, output.Text) == sink.Sink.Outputs[(int)sequence - 1], Broken, $"Output {sequence} of sink {sink.Sink.Name} was handed on as {output} and is {sink.Sink.Outputs[(int)sequence - 1]}.");
            else
                ViolationException.Require(sink.SetAside.Contains(sequence), Broken, $"Output {sequence} of sink {sink.Sink.Name} was never handed on.");
        }

        ViolationException.Require(_taken.Keys.All(sequence => sequence <= sink.Sink.Outputs.Count), Broken, $"Sink {sink.Sink.Name} handed on more than it was given.");
        if (_taken.Count > 0)
            counts.Add("job all outputs handed on");
    }

    private void Take(SinkOutput output)
    {
        if (output.Sequence <= _last)
        {
            counts.Add("job output passed over by its receiver");
            return;
        }

        for (var between = _last + 1; between < output.Sequence; between++)
            ViolationException.Require(sink.SetAside.Contains(between), Broken, $"Output {output.Sequence} of sink {sink.Sink.Name} comes before {between}, which is no dead letter.");
        _last = output.Sequence;
        _taken.Add(output.Sequence, output);
    }
}

/// <summary>What a receiver says.</summary>
internal enum ReceiverAnswer
{
    /// <summary>It has them.</summary>
    Taken,

    /// <summary>It does not want the first of them.</summary>
    Refused,

    /// <summary>It knows of a later term.</summary>
    Outdated,
}
