using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>Posts outputs to an address.</summary>
/// <param name="target">Where to.</param>
/// <param name="isJson">Whether what the sink wrote is JSON.</param>
/// <param name="options">How.</param>
internal sealed class WebhookOutlet(Uri target, bool isJson, WebhookOptions options) : SinkOutlet(options.Rules)
{
    /// <summary>What is read of an answer that tells what is wrong, in bytes.</summary>
    private const int MaxAnswer = 512;

    /// <inheritdoc/>
    /// <remarks>No more than the host: paths and queries of webhooks are often secrets.</remarks>
    public override string Place => $"posts to {target.Scheme}://{target.Authority}";

    /// <summary>A client for all webhooks of a node. Redirects are not followed: what is posted goes where the topology says, and nowhere else.</summary>
    public static HttpClient CreateClient()
    {
        // Owned by the client, which disposes it.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // Names are looked up again now and then.
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 64 * 1024,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            ActivityHeadersPropagator = null,
        };
        return new HttpClient(handler, disposeHandler: true) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <inheritdoc/>
    public override async Task<Delivered> DeliverAsync(OutputBatch batch, DeliveryMeans means, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.Timeout, means.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new ReadOnlyMemoryContent(WebhookBody.Write(batch, isJson)) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
            WebhookHeaders.Set(request, batch);
            foreach (var (name, value) in options.Headers)
                request.Headers.TryAddWithoutValidation(name, value);
            using var response = await means.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return Delivered.Taken;
            var sentence = $"The receiver answers {(int)response.StatusCode}{await ReasonAsync(response, limit.Token).ConfigureAwait(false)}.";
            return new(IsForEver(response.StatusCode) ? DeliveryEnd.Refused : DeliveryEnd.Again, sentence, AskedFor(response.Headers.RetryAfter, means.Time));
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new(DeliveryEnd.Again, string.Create(CultureInfo.InvariantCulture, $"The receiver does not answer within {options.Timeout.TotalSeconds:0.###} s."));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(DeliveryEnd.Again, "The receiver cannot be connected to in time.");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return new(DeliveryEnd.Again, $"The receiver cannot be reached: {failure.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>
    /// Whether trying again would come to the same. A redirect is none such: it is not followed, but whoever moved the receiver can move it back, or the program be given the new address, and nothing is lost meanwhile.
    /// </summary>
    private static bool IsForEver(HttpStatusCode status) => (int)status is >= 400 and < 500 && status is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);

    private static TimeSpan? AskedFor(RetryConditionHeaderValue? header, TimeProvider time) =>
        header is null ? null : header.Delta ?? (header.Date is { } date ? date - time.GetUtcNow() : null);

    /// <summary>The beginning of what the receiver says, on one line.</summary>
    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxAnswer);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                var read = await stream.ReadAtLeastAsync(buffer.AsMemory(0, MaxAnswer), MaxAnswer, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                var text = Encoding.UTF8.GetString(buffer.AsSpan(0, read));
                var line = new string([.. text.Select(static letter => char.IsControl(letter) ? ' ' : letter)]).Trim().TrimEnd('.');
                return line.Length == 0 ? "" : $": {line}";
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
