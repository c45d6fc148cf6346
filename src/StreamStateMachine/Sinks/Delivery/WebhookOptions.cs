namespace RaftStream.StreamStateMachine;

/// <summary>How a webhook sink posts. Not part of the topology: a program may start with others.</summary>
public sealed record WebhookOptions
{
    /// <summary>The most headers that may be added.</summary>
    public const int MaxHeaders = 32;

    /// <summary>How many outputs are posted together at the most: 1 to 1,000, 100 unless said otherwise. With 1, each output has an idempotency key of its own, whoever sends it.</summary>
    public int BatchOutputs { get; init; } = 100;

    /// <summary>How many bytes of outputs are posted together, except where one has more: 1 KiB to 4 MiB, 256 KiB unless said otherwise.</summary>
    public int BatchBytes { get; init; } = 256 * 1024;

    /// <summary>How long to wait for an answer: 10 ms to 10 minutes, 10 seconds unless said otherwise.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait after the first attempt that failed: 1 ms to 1 hour, 200 ms unless said otherwise. It doubles with each attempt, and chance takes up to half of it off.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause: <see cref="FirstPause"/> to 1 hour, 30 seconds unless said otherwise. A receiver that asks for a longer one gets it, up to 10 minutes.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// After how many attempts outputs become dead letters: 1 to 1,000,000, counted by each node that comes to lead. Null, as unless said otherwise: never for that; they wait until the receiver is back, and when as many wait as
    /// <see cref="JobOptions.MaxWaitingOutputs"/> says, the job takes no records.
    /// </summary>
    public int? MaxAttempts { get; init; }

    /// <summary>Headers that are added to each request, such as <c>Authorization</c>: 32 at the most. They are shown nowhere.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    internal DeliveryRules Rules => new(BatchOutputs, BatchBytes, FirstPause, LongestPause, MaxAttempts);

    internal void Check()
    {
        if (BatchOutputs is < 1 or > DeliveryRules.MostOutputs)
            throw new ArgumentException($"1 to {DeliveryRules.MostOutputs} outputs are posted together, not {BatchOutputs}: set {nameof(BatchOutputs)} between these.");
        if (BatchBytes is < 1024 or > 4 * 1024 * 1024)
            throw new ArgumentException($"1 KiB to 4 MiB are posted together, not {BatchBytes} bytes: set {nameof(BatchBytes)} between these.");
        if (Timeout < TimeSpan.FromMilliseconds(10) || Timeout > TimeSpan.FromMinutes(10))
            throw new ArgumentException($"An answer is waited for 10 ms to 10 minutes, not {Timeout}: set {nameof(Timeout)} between these.");
        if (FirstPause < TimeSpan.FromMilliseconds(1) || LongestPause < FirstPause || LongestPause > TimeSpan.FromHours(1))
            throw new ArgumentException($"Pauses have 1 ms to 1 hour, and the first is not the longer one: {FirstPause} to {LongestPause} are not such, set {nameof(FirstPause)} and {nameof(LongestPause)}.");
        if (MaxAttempts is < 1 or > 1_000_000)
            throw new ArgumentException($"There are 1 to 1,000,000 attempts, not {MaxAttempts}: set {nameof(MaxAttempts)} between these, or leave it out.");
        CheckHeaders();
    }

    private void CheckHeaders()
    {
        ArgumentNullException.ThrowIfNull(Headers);
        if (Headers.Count > MaxHeaders)
            throw new ArgumentException($"At most {MaxHeaders} headers are added, not {Headers.Count}: leave some out of {nameof(Headers)}.");
        using var request = new HttpRequestMessage();
        foreach (var (name, value) in Headers)
        {
            // The value stays out of the sentence: it may be a secret.
            if (WebhookHeaders.IsOwn(name) || value.AsSpan().ContainsAnyExceptInRange(' ', '~') || !request.Headers.TryAddWithoutValidation(name, value))
                throw new ArgumentException($"The header '{name}' cannot be added: give one of a request, that the sink does not set itself, with a value of visible ASCII characters and spaces.");
        }
    }
}
