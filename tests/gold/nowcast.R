# Writes nowcast.json: what the R package surveillance makes of reports that come late. Rscript nowcast.R, in this folder.
suppressMessages(library(surveillance))
set.seed(5)
weeks <- as.Date("2025-01-06") + 7 * (0:29)
longest <- 6
cases <- do.call(rbind, lapply(seq_along(weeks), function(t) {
  n <- rnbinom(1, mu = 12 + 6 * sin(t / 4), size = 5)
  if (n == 0) return(NULL)
  delay <- sample(0:7, n, replace = TRUE, prob = c(0.25, 0.3, 0.18, 0.1, 0.07, 0.05, 0.03, 0.02))
  data.frame(event = weeks[t], report = weeks[t] + 7 * delay)
}))
now <- weeks[30]
cases <- cases[cases$report <= now, ]
told <- function(method, m) suppressWarnings(nowcast(now, weeks, cases, dEventCol = "event", dReportCol = "report",
  method = method, aggregate.by = "1 week", D = longest, m = m,
  m.interpretation = if (method == "lawless") "lawless1994" else "hoehle_anderheiden2014",
  control = list(N.tInf.max = 400, N.tInf.prior = structure("poisgamma", mean.lambda = 12, var.lambda = 100),
                 nSamples = 100)))
array <- function(x) paste0("[", paste(ifelse(is.na(x), "null", format(as.numeric(x), digits = 15, trim = TRUE)), collapse = ","), "]")
named <- function(names, values) paste0("{", paste0('"', names, '":', values, collapse = ",\n"), "}")
shares <- function(method, m) {
  found <- delayCDF(told(method, m))
  array(found[[method]][seq_len(longest + 1)])
}
counts <- reportingTriangle(told("lawless", NULL))
attributes(counts) <- list(dim = dim(counts))
rows <- paste0("[", paste(apply(counts, 1, array), collapse = ",\n"), "]")
writeLines(named(c("version", "seen", "lawless", "lawless, nine last weeks of reports", "bayes.trunc"),
  c(paste0('"', packageVersion("surveillance"), '"'), rows, shares("lawless", NULL), shares("lawless", 8),
    shares("bayes.trunc", NULL))), "nowcast.json")
