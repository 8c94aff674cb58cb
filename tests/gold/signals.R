# Writes signals.json: what the R package surveillance makes of a series. Rscript signals.R, in this folder.
suppressMessages(library(surveillance))
set.seed(11)
n <- 52 * 8
t <- 1:n
y <- rnbinom(n, mu = exp(1.6 + 0.0012 * t + 0.5 * cos(2 * pi * t / 52)), size = 6)
y[400:403] <- y[400:403] + c(12, 18, 15, 8)
y[c(60, 61)] <- 60
dates <- as.Date("2018-01-01") + 7 * (t - 1)
s <- sts(observed = y, epoch = as.numeric(dates), epochAsDate = TRUE, frequency = 52, start = c(2018, 1))
array <- function(x) paste0("[", paste(ifelse(is.na(x), "null", format(as.numeric(x), digits = 15, trim = TRUE)), collapse = ","), "]")
named <- function(names, values) paste0("{", paste0('"', names, '":', values, collapse = ",\n"), "}")
ears <- named(c("C1", "C2"), vapply(c("C1", "C2"), function(m) array(upperbound(earsC(s, control = list(method = m)))), ""))
names <- c(); values <- c()
for (threshold in c("delta", "nbPlugin", "muan")) for (periods in c(1, 10)) for (reweight in c(TRUE, FALSE)) for (level in c(1, 0.05)) {
  found <- farringtonFlexible(s, control = list(range = 377:416, b = 5, w = 3, alpha = 0.01, reweight = reweight,
    pThresholdTrend = level, noPeriods = periods, pastWeeksNotIncluded = 26, thresholdMethod = threshold,
    limit54 = c(0, 4), glmWarnings = FALSE))
  names <- c(names, paste(threshold, periods, reweight, level))
  values <- c(values, named(c("upper", "expected"), c(array(upperbound(found)), array(control(found)$expected))))
}
sums <- cusum(s, control = list(range = 53:416, k = 1.04, h = 2.26, m = NULL, trans = "standard", alpha = NULL))
sums <- named(c("training", "alarm"), c("52", array(alarms(sums))))
writeLines(named(c("counts", "ears", "farrington", "cusum"), c(array(y), ears, named(names, values), sums)), "signals.json")
