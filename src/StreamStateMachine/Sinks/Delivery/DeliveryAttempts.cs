namespace RaftStream.StreamStateMachine;

/// <summary>Attempt after attempt to hand the same outputs on, with pauses between that grow.</summary>
/// <param name="outlet">How an attempt is made.</param>
/// <param name="means">What it is made with; pauses go by its clock.</param>
/// <param name="chance">Gives numbers from 0 to below 1, for the pauses.</param>
internal sealed class DeliveryAttempts(SinkOutlet outlet, DeliveryMeans means, Func<double> chance)
{
    /// <summary>Goes on until the outputs were taken, were refused, have had as many attempts as they may, or until nobody wants them handed on from here; only then the last answer was <see cref="DeliveryEnd.Again"/>.</summary>
    /// <param name="batch">The outputs.</param>
    /// <param name="isWanted">Whether this node still is to hand them on; asked before each attempt.</param>
    /// <param name="tell">Is told, after each attempt that is followed by another, why it failed.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public async Task<Delivered> RunAsync(OutputBatch batch, Func<bool> isWanted, Action<string> tell, CancellationToken cancellationToken)
    {
        var pauses = new BackOff(outlet.Rules.FirstPause, outlet.Rules.LongestPause, chance);
        var last = new Delivered(DeliveryEnd.Again, "");
        for (var attempt = 1; isWanted(); attempt++)
        {
            last = await outlet.DeliverAsync(batch, means, cancellationToken).ConfigureAwait(false);
            if (last.End != DeliveryEnd.Again)
                break;
            if (attempt == outlet.Rules.MaxAttempts)
                return last with { End = DeliveryEnd.Refused, IsGivenUp = true, Sentence = $"{last.Sentence} This was attempt {attempt}, the last." };
            tell(last.Sentence);
            await Task.Delay(pauses.Next(last.NotBefore), means.Time, cancellationToken).ConfigureAwait(false);
        }

        return last;
    }
}
