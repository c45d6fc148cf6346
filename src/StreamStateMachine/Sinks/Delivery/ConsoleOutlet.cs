using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>Prints outputs at the node that leads, each with the name of its sink before it.</summary>
internal sealed class ConsoleOutlet() : SinkOutlet(new(100, 64 * 1024, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), null))
{
    /// <inheritdoc/>
    public override string Place => "prints at the node that leads";

    /// <inheritdoc/>
    public override async Task<Delivered> DeliverAsync(OutputBatch batch, DeliveryMeans means, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var output in batch.Outputs)
            text.Append(batch.Sink).Append("> ").Append(output.Text).Append('\n');
        try
        {
            await means.Console.WriteAsync(text, cancellationToken).ConfigureAwait(false);
            await means.Console.FlushAsync(cancellationToken).ConfigureAwait(false);
            return Delivered.Taken;
        }
        catch (IOException failure)
        {
            return new(DeliveryEnd.Again, $"Nothing can be printed: {failure.Message.TrimEnd('.')}.");
        }
    }
}
