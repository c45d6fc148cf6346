using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace RaftStream.Hosting.Http;

/// <summary>The outermost layer: no request for the node leaves without an answer that a program can read. What is another one's of the same host it lets pass.</summary>
internal static class ErrorBoundary
{
    /// <summary>Runs the rest of the pipeline and answers in its stead where it failed or said nothing.</summary>
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            await ExplainBareStatusAsync(context);
        }
        catch (BadHttpRequestException exception) when (IsOurs(context))
        {
            await AnswerAsync(context, Problems.Rejected(exception.StatusCode, ProblemCodes.BadRequest, exception.Message));
        }
        catch (Exception exception) when (IsOurs(context) && IsGone(context, exception))
        {
            // The client went away: nobody is left to answer.
        }
        catch (OperationCanceledException) when (IsOurs(context) && context.RequestServices.GetRequiredService<NodeHandle>().Stopping.IsCancellationRequested)
        {
            await AnswerAsync(context, Problems.For(Outcome.Rejected, Refusal.Stopped));
        }
        catch (Exception exception) when (IsOurs(context))
        {
            var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("RaftStream.Hosting.Http");
            logger.LogError(exception, "The request {Method} {Path} failed", context.Request.Method, context.Request.Path);

            // A write that failed half way may be done: only a read is certainly without effect.
            var problem = HttpMethods.IsGet(context.Request.Method)
                ? Problems.Rejected(StatusCodes.Status500InternalServerError, ProblemCodes.InternalError, "The node failed to answer; its log says why.")
                : Problems.Unknown("The node failed while it worked on the request, which may be done or not; its log says why.");
            await AnswerAsync(context, problem);
        }
    }

    private static bool IsGone(HttpContext context, Exception exception) =>
        exception is ConnectionResetException || (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested);

    private static bool IsOurs(HttpContext context) =>
        context.RequestServices.GetRequiredService<OwnPaths>().IsAll || context.GetEndpoint()?.Metadata.GetMetadata<OwnEndpoint>() is not null;

    private static Task ExplainBareStatusAsync(HttpContext context)
    {
        var response = context.Response;
        if (!IsOurs(context) || response.HasStarted || response.ContentLength > 0 || response.ContentType is not null)
            return Task.CompletedTask;
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => AnswerAsync(context, Problems.Rejected(404, ProblemCodes.NotFound, "There is nothing at this path; see the README for those there are.")),
            StatusCodes.Status405MethodNotAllowed => AnswerAsync(context, Problems.Rejected(405, ProblemCodes.MethodNotAllowed, "This path does not take this method.")),
            _ => Task.CompletedTask,
        };
    }

    private static Task AnswerAsync(HttpContext context, JsonHttpResult<ProblemJson> problem) =>
        context.Response.HasStarted ? Task.CompletedTask : problem.ExecuteAsync(context);
}
