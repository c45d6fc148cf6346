namespace RaftStream.StreamStateMachine;

/// <summary>
/// How the outputs of a sink leave the cluster. Outputs wait in the job's state, on every replica; the node that leads hands them on, and the log says what became of them. Nothing of this decides what commands mean,
/// so it is not part of the fingerprint: an address may change under a running job.
/// </summary>
internal abstract class SinkOutlet(DeliveryRules rules)
{
    /// <summary>The most bytes of an output: as many as a dead letter holds, so that each can be sent again.</summary>
    public const int MaxOutputBytes = JobLetter.MaxBytes;

    /// <summary>How outputs are taken together, and how often they are tried.</summary>
    public DeliveryRules Rules => rules;

    /// <summary>Where they go, for a person; without what may be secret.</summary>
    public abstract string Place { get; }

    /// <summary>Tries once to hand outputs on. Whatever the other side does is told by the result.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled: nobody knows whether they arrived.</exception>
    public abstract Task<Delivered> DeliverAsync(OutputBatch batch, DeliveryMeans means, CancellationToken cancellationToken);
}

/// <summary>How outputs are taken together, and how often they are tried.</summary>
/// <param name="MaxOutputs">How many at the most: 1 to <see cref="MostOutputs"/>.</param>
/// <param name="MaxBytes">And how many bytes of outputs, except where one has more.</param>
/// <param name="FirstPause">How long to wait after the first attempt that failed, about.</param>
/// <param name="LongestPause">And at the most.</param>
/// <param name="MaxAttempts">After how many attempts they become dead letters; null: never for that.</param>
internal sealed record DeliveryRules(int MaxOutputs, int MaxBytes, TimeSpan FirstPause, TimeSpan LongestPause, int? MaxAttempts)
{
    /// <summary>As many dead letters as are kept: no batch that is refused pushes out a letter of its own.</summary>
    public const int MostOutputs = JobLetters.Most;
}

/// <summary>What outlets work with at a node.</summary>
/// <param name="Http">A client without redirects, cookies and a time limit of its own.</param>
/// <param name="Console">Where this node prints.</param>
/// <param name="Time">The clock that waiting goes by.</param>
internal sealed record DeliveryMeans(HttpClient Http, TextWriter Console, TimeProvider Time);

/// <summary>Outputs of a sink that follow one another.</summary>
/// <param name="Job">The job.</param>
/// <param name="Sink">The sink.</param>
/// <param name="Epoch">The term of the node that hands them on. Whoever was told a higher one refuses these: their sender does not lead any more.</param>
/// <param name="IsReplay">Whether somebody asked for them to be sent again: others with higher sequences may have gone before.</param>
/// <param name="Outputs">One at least, without a gap.</param>
internal sealed record OutputBatch(string Job, string Sink, long Epoch, bool IsReplay, IReadOnlyList<SinkOutput> Outputs)
{
    /// <summary>The sequence of the first.</summary>
    public long First => Outputs[0].Sequence;

    /// <summary>The sequence of the last.</summary>
    public long Last => Outputs[^1].Sequence;
}

/// <summary>What became of an attempt.</summary>
internal enum DeliveryEnd
{
    /// <summary>The other side has them.</summary>
    Taken,

    /// <summary>It may take them later.</summary>
    Again,

    /// <summary>It will never take them.</summary>
    Refused,
}

/// <summary>What became of an attempt, and why.</summary>
/// <param name="End">What became of it.</param>
/// <param name="Sentence">Why it failed, for a person.</param>
/// <param name="NotBefore">How long the other side asks to be left alone.</param>
/// <param name="IsGivenUp">Whether the other side might have taken them at a later attempt, which is not made.</param>
internal readonly record struct Delivered(DeliveryEnd End, string Sentence, TimeSpan? NotBefore = null, bool IsGivenUp = false)
{
    /// <summary>The other side has them.</summary>
    public static Delivered Taken => new(DeliveryEnd.Taken, "");
}
